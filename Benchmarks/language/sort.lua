local function main()
  local numbers = {}
  local seed = 42
  for i = 1, 60000 do
    seed = (seed * 1103515245 + 12345) % 2147483648
    numbers[#numbers + 1] = seed
  end
  table.sort(numbers, function(a, b) return a < b end)
  local sum = 0
  for i = 1, #numbers do sum = (sum * 31 + numbers[i]) % 1000003 end
  print(sum)
end
main()
