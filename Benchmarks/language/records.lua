local function main()
  local groups = {}
  local count = 0
  for i = 0, 149999 do
    local record = {
      name = "pod-" .. i % 1000, namespace = "ns-" .. i % 17, restarts = i % 5, ready = true,
    }
    if record.restarts == 4 then record.ready = false end
    local key = record.namespace
    if not groups[key] then
      groups[key] = {}
      count = count + 1
    end
    local group = groups[key]
    group[#group + 1] = record
  end
  local restarts = 0
  local ready = 0
  for _, records in pairs(groups) do
    for _, record in ipairs(records) do
      restarts = restarts + record.restarts
      if record.ready then ready = ready + 1 end
    end
  end
  print(count .. " " .. restarts .. " " .. ready)
end
main()
