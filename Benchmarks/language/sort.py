from functools import cmp_to_key


def main():
    numbers = []
    seed = 42
    for i in range(60000):
        seed = (seed * 1103515245 + 12345) % 2147483648
        numbers.append(seed)
    result = sorted(numbers, key=cmp_to_key(lambda a, b: -1 if a < b else 1))
    sum = 0
    for i in range(len(result)):
        sum = (sum * 31 + result[i]) % 1000003
    print(sum)


main()
