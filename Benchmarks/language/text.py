def main():
    sum = 0
    for round in range(10):
        text = ""
        for i in range(20000):
            if i > 0:
                text += ","
            text += f"item-{i}"
        pieces = text.split(",")
        for piece in pieces:
            sum += len(piece)
        sum += len(";".join(pieces))
    print(sum)


main()
