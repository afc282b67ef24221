def make(n, seed):
    rows = []
    for i in range(n):
        row = []
        for j in range(n):
            row.append((i * seed + j) % 10)
        rows.append(row)
    return rows


def multiply(a, b, n):
    rows = []
    for i in range(n):
        left = a[i]
        row = []
        for j in range(n):
            sum = 0
            for k in range(n):
                sum += left[k] * b[k][j]
            row.append(sum)
        rows.append(row)
    return rows


def main():
    n = 150
    c = multiply(make(n, 3), make(n, 7), n)
    sum = 0
    for i in range(n):
        for j in range(n):
            sum = (sum * 31 + c[i][j]) % 1000003
    print(sum)


main()
