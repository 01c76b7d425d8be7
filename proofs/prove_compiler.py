"""Compiled programs over a long time: no leaks, no lost updates, no dependence on threads.

    retraces     500 traces each for other numbers, other shapes and other functions: memory left
    freed        500 programs are freed, with machine code and memory, once unreferenced
    steps        a million steps of a model in one `repeat`, and 200,000 calls: memory left
    threads      400 steps of a large model with 1, 2 and 3 threads: the same bits
    interrupts   200 interrupts of a long `repeat`: after each, a whole number of steps was done
    processes    20 forked and 6 spawned ones, two at a time, that compile while this one does
    cache        30 starts, each with a cache damaged in a new way

Prints one JSON object; exits with code 1 if anything does not hold.
"""

import gc
import json
import multiprocessing
import os
import subprocess
import sys
import tempfile
import threading
import time
import warnings
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

import gradatim as g
from gradatim import nn, optim

os.environ["GRADATIM_CACHE_DIR"] = ""
MB = 1e6


def resident() -> int:
    """Resident memory of this process in bytes; 0 if the system does not tell."""
    gc.collect()
    try:
        pages = Path("/proc/self/statm").read_text(encoding="ascii").split()[1]
    except OSError:
        return 0
    return int(pages) * int(os.sysconf("SC_PAGE_SIZE"))


def training(width: int = 16, rows: int = 32, seed: int = 0) -> tuple[Any, Callable[[], Any]]:
    """A model and one training step on a batch drawn inside it."""
    g.manual_seed(seed)
    generator = g.Generator().manual_seed(seed)
    model: Any = nn.Sequential(nn.Linear(8, width), nn.Tanh(), nn.Linear(width, 1))
    optimizer = optim.AdamW(model.parameters(), lr=0.001)
    data: Any = g.randn(512, 8)

    def step() -> Any:
        batch = data[g.randint(512, (rows,), generator=generator)]
        optimizer.zero_grad()
        loss = (model(batch) - batch.sum(1, True)).square().mean()
        loss.backward()
        optimizer.step()
        return loss

    return model, step


def growth(work: Callable[[int], None], count: int, warm: int) -> float:
    """Megabytes that `count` more rounds leave, after some to fill the caches."""
    work(warm)
    before = resident()
    work(count)
    return round((resident() - before) / MB, 2)


def retraces() -> dict[str, Any]:
    """The memory that traces leave behind."""
    scale = [0.0]
    number: Any = g.compile(lambda x: (x * scale[0]).sum())
    shape: Any = g.compile(lambda x: (x * 2).sum())

    def numbers(count: int) -> None:
        for _ in range(count):
            scale[0] += 1.0
            assert number(g.ones(3)).item() == 3 * scale[0]

    def shapes(count: int) -> None:
        for k in range(count):
            n = 1 + (len(shape.history) * 7 + k) % 5000
            assert shape(g.ones(n)).item() == 2 * n

    def functions(count: int) -> None:
        for k in range(count):
            assert g.compile(lambda x, k=k: (x + k).sum())(g.ones(2)).item() == 2 + 2 * k

    left = {f.__name__: growth(f, 500, 200) for f in (numbers, shapes, functions)}
    return {"megabytes": left, "holds": all(mb < 8 for mb in left.values())}


def freed() -> dict[str, Any]:
    """Unreferenced programs are freed."""

    def made() -> list[Any]:
        w = g.zeros(100)
        program = g.compile(lambda x: w.add_(x).sum())
        program(g.ones(100))
        ((known,),) = program.variants.values()
        return [weakref.ref(x) for x in (program, known, known.compiled.loaded, known.arena)]

    gone = [r for _ in range(500) for r in made()]
    gc.collect()
    alive = sum(r() is not None for r in gone)
    return {"programs": 500, "alive": alive, "holds": alive == 0}


def steps() -> dict[str, Any]:
    """Memory over a million steps."""
    model, step = training()
    program: Any = g.compile(step)
    begin = time.perf_counter()
    repeated = growth(lambda n: program.repeat(n), 1_000_000, 20_000)
    seconds = time.perf_counter() - begin

    def calls(count: int) -> None:
        for _ in range(count):
            program()

    called = growth(calls, 200_000, 5_000)
    finite = all(bool(np.isfinite(p.detach().numpy()).all()) for p in model.parameters())
    result = {"repeat_megabytes": repeated, "calls_megabytes": called}
    # The result of a million steps is 4 bytes each, freed when unreferenced.
    holds = repeated < 8 and called < 4 and finite and program.history == ["first call"]
    return {**result, "seconds_of_a_million": round(seconds, 1), "finite": finite, "holds": holds}


def threads() -> dict[str, Any]:
    """The same bits for any number of threads."""
    results, shared = [], False
    cores = g.get_num_threads()
    for number in (1, 2, 3):
        g.set_num_threads(number)
        model, step = training(width=1024, rows=1024)
        program: Any = g.compile(step)
        losses = program.repeat(400).numpy().tobytes()
        results.append((losses, [p.detach().numpy().tobytes() for p in model.parameters()]))
        shared = next(iter(program.variants.values()))[0].compiled.shared
    g.set_num_threads(cores)
    same = all(f == results[0] for f in results)
    return {"steps": 400, "shared": shared, "same_bits": same, "holds": same and shared}


def interrupts() -> dict[str, Any]:
    """Ctrl-C at any time."""
    import _thread

    count, w = g.tensor(0, dtype=g.int64), g.zeros(256, dtype=g.float64)

    def function() -> Any:
        w.add_(1)
        count.add_(1)
        return w.sum()

    program: Any = g.compile(function)
    program()
    rng = np.random.default_rng(0)
    whole, longest = 0, 0.0
    for _ in range(200):
        sent = [0.0]

        def send(sent: list[float] = sent) -> None:
            sent[0] = time.perf_counter()
            _thread.interrupt_main()

        timer = threading.Timer(float(rng.uniform(0.001, 0.1)), send)
        try:
            timer.start()
            while True:
                program.repeat(100_000_000)
        except KeyboardInterrupt:
            longest = max(longest, time.perf_counter() - sent[0])
        timer.join()
        whole += w.tolist() == [float(count.item())] * 256
    holds = whole == 200 and longest < 1.0
    return {"interrupts": 200, "whole": whole, "longest": round(longest, 3), "holds": holds}


def losses(seed: int) -> list[float]:
    """The losses computed by a new program."""
    values: list[float] = g.compile(training(seed=seed)[1]).repeat(50).tolist()
    return values


def processes() -> dict[str, Any]:
    """Programs in child processes, forked and spawned while this one computes."""
    wrong = 0
    for method, count in (("fork", 20), ("spawn", 6)):
        if method not in multiprocessing.get_all_start_methods():
            continue
        with warnings.catch_warnings(), multiprocessing.get_context(method).Pool(2) as pool:
            warnings.simplefilter("ignore")
            for seed, child in enumerate(pool.map(losses, range(count), chunksize=1)):
                wrong += child != losses(seed)
    return {"processes": 26, "wrong": wrong, "holds": wrong == 0}


def cache() -> dict[str, Any]:
    """Starts with a damaged cache."""
    rng = np.random.default_rng(1)
    right = 0
    with tempfile.TemporaryDirectory() as place:
        root = str(Path(__file__).parents[1])
        # The cache is enabled after this module is imported, because importing it disables it.
        code = f"""
import os, sys
sys.path.insert(0, {root!r})
from proofs.prove_compiler import losses
os.environ["GRADATIM_CACHE_DIR"] = {place!r}
print(losses(1))
"""
        for _ in range(30):
            done = subprocess.run(
                [sys.executable, "-c", code],
                capture_output=True,
                text=True,
                check=False,
            )
            right += (done.returncode, done.stdout.strip()) == (0, str(losses(1)))
            for file in Path(place).rglob("*.program"):
                data = bytearray(file.read_bytes())
                for at in rng.integers(0, len(data), size=int(rng.integers(1, 9))):
                    data[at] ^= int(rng.integers(1, 256))
                file.write_bytes(bytes(data[: int(rng.integers(1, len(data) + 1))]))
    return {"starts": 30, "right": right, "holds": right == 30}


def main() -> int:
    results = {}
    for part in (retraces, freed, steps, threads, interrupts, processes, cache):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            results[part.__name__] = part()
        print(part.__name__, results[part.__name__], file=sys.stderr, flush=True)
    print(json.dumps(results, indent=2))
    return 0 if all(result["holds"] for result in results.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
