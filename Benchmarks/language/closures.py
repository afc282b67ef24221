from functools import reduce


def main():
    numbers = []
    for i in range(20000):
        numbers.append(i)
    total = 0
    for round in range(1, 21):
        mapped = map(lambda x: x * round + 1, numbers)
        filtered = filter(lambda x: x % 3 == 0, mapped)
        total += reduce(lambda sum, x: (sum + x) % 1000003, filtered, 0)
    print(total)


main()
