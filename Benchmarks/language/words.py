def main():
    keys = []
    for i in range(50000):
        keys.append(f"key-{i * 7919 % 100003}")
    counts = {}
    for round in range(8):
        for key in keys:
            if key in counts:
                counts[key] += 1
            else:
                counts[key] = round
    sum = 0
    for key in keys:
        sum += counts[key]
    print(len(counts), sum)


main()
