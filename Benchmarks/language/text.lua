local function split(text, separator)
  local pieces = {}
  local start = 1
  while true do
    local from, to = string.find(text, separator, start, true)
    if not from then break end
    pieces[#pieces + 1] = string.sub(text, start, from - 1)
    start = to + 1
  end
  pieces[#pieces + 1] = string.sub(text, start)
  return pieces
end

-- Lua's own way of building a long string is a table that is joined at the end.
local function main()
  local sum = 0
  for round = 1, 10 do
    local parts = {}
    for i = 0, 19999 do
      if i > 0 then parts[#parts + 1] = "," end
      parts[#parts + 1] = "item-" .. i
    end
    local pieces = split(table.concat(parts), ",")
    for _, piece in ipairs(pieces) do sum = sum + #piece end
    sum = sum + #table.concat(pieces, ";")
  end
  print(sum)
end
main()
