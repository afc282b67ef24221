local function map(list, f)
  local result = {}
  for _, x in ipairs(list) do result[#result + 1] = f(x) end
  return result
end

local function filter(list, f)
  local result = {}
  for _, x in ipairs(list) do
    if f(x) then result[#result + 1] = x end
  end
  return result
end

local function reduce(list, start, f)
  local result = start
  for _, x in ipairs(list) do result = f(result, x) end
  return result
end

local function main()
  local numbers = {}
  for i = 0, 19999 do numbers[#numbers + 1] = i end
  local total = 0
  for round = 1, 20 do
    local mapped = map(numbers, function(x) return x * round + 1 end)
    local filtered = filter(mapped, function(x) return x % 3 == 0 end)
    total = total + reduce(filtered, 0, function(sum, x) return (sum + x) % 1000003 end)
  end
  print(total)
end
main()
