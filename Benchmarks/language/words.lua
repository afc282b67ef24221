local function main()
  local keys = {}
  for i = 0, 49999 do keys[#keys + 1] = "key-" .. i * 7919 % 100003 end
  local counts = {}
  local size = 0
  for round = 0, 7 do
    for _, key in ipairs(keys) do
      if counts[key] ~= nil then
        counts[key] = counts[key] + 1
      else
        counts[key] = round
        size = size + 1
      end
    end
  end
  local sum = 0
  for _, key in ipairs(keys) do sum = sum + counts[key] end
  print(size .. " " .. sum)
end
main()
