def main():
    s = 0
    for i in range(10000000):
        s = s + i % 7
    print(s)


main()
