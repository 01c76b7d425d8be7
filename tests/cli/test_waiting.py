"""What is said while somebody waits."""

from gradatim.cli.waiting import EvaluationProgress


def test_a_long_evaluation_says_how_far_it_is_and_seldom(monkeypatch):
    told, clock = [], [0.0]
    monkeypatch.setattr("gradatim.cli.waiting.time.monotonic", lambda: clock[0])
    progress = EvaluationProgress(told.append)
    for begin in (100.0, 200.0):  # the second is over before anybody wonders
        for second in range(50 if begin == 100.0 else 4):
            clock[0] = begin + second
            progress("train", second / 50)
    assert told == [
        "evaluating train: 10 %   45 s left",
        "evaluating train: 20 %   40 s left",
        "evaluating train: 40 %   30 s left",
        "evaluating train: 80 %   10 s left",
    ]
