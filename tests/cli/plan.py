# plan.py JSON: what `lockstep bench plan` says, worked out again from its own inputs: what was measured, and the network.
import json
import sys

p = json.load(open(sys.argv[1]))
net, weak, batch, gradient = p["network"], p["mode"] == "weak", p["batch"], p["gradient_bytes"]


LAYERS, REAL = [(784, 60), (60, 10)], 8  # of test_plan.sh's network


def near_bytes(nodes, per, batch):
    """What a rank reads of its node's other ranks, and which part of the gradients is stored: as docs/exchange.md chooses it."""
    others, ld = (per - 1) / per, lambda n: -(-n * REAL // 64) * 64 // REAL
    fit = [(i, o) for i, o in LAYERS if batch * ld(o) * REAL <= 512 << 10]
    if nodes > 1 or per == 1 or sum(4 * batch * (i // per + o) - 3 * i * o for i, o in fit) >= 0:
        return others * gradient * 2, 1
    rows = (batch - batch // per) * sum(i // per + o for i, o in fit) * REAL
    stored = 1 - sum((i + 1) * o for i, o in fit) / (gradient / REAL)
    return others * gradient * (1 + stored) + rows, stored


def near(what, got, want):
    if not abs(got - want) <= 1e-9 * (1 + abs(want)):
        sys.exit(f"{what}: {got}, not {want}")


def exchange(nodes, per, halvings, latency, message, sums):
    """Message by message, and sum by sum, of one rank: seconds of messages, seconds of sums."""
    column = gradient / per
    if nodes * per == 1:
        return 0, 0
    moved, wait, left = 0, 0, column
    for s in range(halvings):
        parts, left = (per if s == 0 else 1), left / 2
        wait += latency + message
        moved += left * (parts + 1) if parts > 1 else 0  # summed for the partner
        moved += left * (parts + 2)  # own and partner's, and the sum
    blocks, shard = nodes >> halvings, column / nodes
    if blocks > 1:
        wait += latency + (blocks - 1) * message
    if halvings == 0:
        if nodes > 1 and per > 1:
            moved += (per + 1) * (column - shard)
        moved += shard * (nodes - 1 + per + 1)
        wait += (nodes - 1) * message / 2  # flags, once
    elif blocks > 1:
        moved += shard * (blocks + 1)
    return 2 * wait, moved / sums


def chosen(nodes, per):
    best, k = 0, 0
    if per & (per - 1):
        return 0
    cost = lambda k: sum(exchange(nodes, per, k, 2e-6, 0.5e-6, 8e9))
    while nodes % 2**k == 0:
        best = k if cost(k) < cost(best) else best
        k += 1
    return best


def at(rows, stored, key):
    m = [x for x in p["measured"] if x["stored"] == stored]
    i = max([0] + [j for j in range(len(m) - 1) if m[j]["rows"] < rows])
    if i == len(m) - 1:
        return m[i][key]
    t = (rows - m[i]["rows"]) / (m[i + 1]["rows"] - m[i]["rows"])
    t = min(max(t, 0), 1) if key == "update_us" else t
    return max(m[i][key] + t * (m[i + 1][key] - m[i][key]), 0)


def foretold(ranks, batch):
    per = max(d for d in range(1, min(ranks, net["ranks_per_node"]) + 1) if ranks % d == 0)
    nodes, rows = ranks // per, batch if weak else -(-batch // ranks)
    k = chosen(nodes, per)
    messages, sums = exchange(nodes, per, k, 1e-6 * net["latency_us"], 1e-6 * net["message_us"], 1e9 * net["sums_gb_per_s"])
    sent = 2 * gradient / per * (nodes - 1) / nodes
    q = dict(nodes=nodes, rows=rows, halvings=k, sent_bytes=sent, messages_us=1e6 * messages * (nodes > 1), sums_us=1e6 * sums)
    q["network_us"] = 1e6 * sent * per / (net["gbit"] * 1e9 / 8)
    q["near_bytes"], stored = near_bytes(nodes, per, rows * per)
    q["near_us"] = (q["near_bytes"] * net["near_ns_per_kb"] * 1e-6 + net["barriers_us"]) * (per > 1)
    q["sums_us"] *= stored
    q["work_us"], q["update_us"] = at(rows, nodes > 1, "work_us"), at(rows, nodes > 1, "update_us") / ranks
    q["step_us"] = sum(q[k] for k in ("work_us", "update_us", "near_us", "sums_us", "network_us", "messages_us"))
    return q


def efficiency(ranks, batch):
    return foretold(1, batch)["step_us"] / foretold(ranks, batch)["step_us"] / (1 if weak else ranks)


rates = []
for point in p["points"]:
    ranks = point["ranks"]
    for name, want in foretold(ranks, batch).items():
        near(f"{name} of {ranks} ranks", point[name], want)
    near("efficiency", point["efficiency"], efficiency(ranks, batch))
    near("samples_per_s", point["samples_per_s"], batch * (ranks if weak else 1) / point["step_us"] * 1e6)
    slices = point["slices"] // ranks
    if slices * ranks != point["slices"] or slices & (slices - 1):
        sys.exit(f"{point['slices']} slices on {ranks} ranks")
    unit, enough = (1 if weak else ranks), point["batch_80"]
    if enough is None:  # not with the rows that are known
        most = max(m["rows"] for m in p["measured"] if m["stored"] == (point["nodes"] > 1))
        if point["batch_80_above"] != most * ranks:
            sys.exit(f"{ranks} ranks: {point['batch_80_above']}, not {most} rows each")
        if any(efficiency(ranks, unit * rows) >= 0.8 + 1e-9 for rows in [most] + [2**i for i in range(31) if 2**i < most]):
            sys.exit(f"{ranks} ranks: a batch for 80 % is there")
        enough = unit
    own = enough // ranks if weak else enough
    if point["batch_80"] and (efficiency(ranks, own) < 0.8 - 1e-9 or own > unit and efficiency(ranks, own - unit) >= 0.8 + 1e-9):
        sys.exit(f"batch_80 of {ranks} ranks: {enough}")
    if point["memory_bytes"] < gradient:
        sys.exit(f"memory of {ranks} ranks: {point['memory_bytes']}")
    rates.append(point["samples_per_s"])
pays = next(i for i in range(len(rates)) if 1.05 * rates[i] >= max(rates[i:]))
if p["pays"] != p["points"][pays]["ranks"] or p["more_may_pay"] != (pays == len(rates) - 1):
    sys.exit(f"pays: {p['pays']}, not {p['points'][pays]['ranks']}")
sent = [q["sent_bytes"] for q in p["points"] if q["nodes"] > 1 and q["ranks"] // q["nodes"] == net["ranks_per_node"]]
if sent != sorted(sent) or any(s > 2 * gradient for s in sent):
    sys.exit(f"bytes sent: {sent}")
