def main():
    groups = {}
    for i in range(150000):
        record = {
            "name": f"pod-{i % 1000}",
            "namespace": f"ns-{i % 17}",
            "restarts": i % 5,
            "ready": True,
        }
        if record["restarts"] == 4:
            record["ready"] = False
        key = record["namespace"]
        if key not in groups:
            groups[key] = []
        groups[key].append(record)
    restarts = 0
    ready = 0
    for key, records in groups.items():
        for record in records:
            restarts += record["restarts"]
            if record["ready"]:
                ready += 1
    print(len(groups), restarts, ready)


main()
