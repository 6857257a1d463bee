"""The errors that each threshold of agreement would make, by what was said of answers."""

from services.ledger.domain.likeness import BucketLine, curves_of


def line(bucket: int, seen: int, good: int, bad: int, by: str = "large") -> BucketLine:
    return BucketLine(
        task="sums", model="small", provider="p", by_model=by, bucket=bucket, seen=seen, good=good, bad=bad
    )


def test_a_higher_threshold_accepts_fewer_and_loses_what_was_right_below_it() -> None:
    (curve,) = curves_of([line(6, 10, 2, 4), line(19, 30, 9, 1)])

    lower, higher = curve.thresholds

    assert (curve.answers, curve.spoken_of) == (40, 16)
    assert (lower.threshold, lower.accepted, lower.right, lower.wrong, lower.lost) == (0.3, 40, 11, 5, 0)
    assert (higher.threshold, higher.accepted, higher.rejected, higher.wrong, higher.lost) == (0.95, 30, 10, 1, 2)


def test_of_what_nobody_spoke_of_no_share_is_told() -> None:
    (curve,) = curves_of([line(3, 5, 0, 0)])
    assert curve.thresholds[0].wrong_interval is None


def test_each_pair_has_a_curve_of_its_own() -> None:
    assert [curve.by for curve in curves_of([line(3, 1, 0, 0), line(4, 1, 0, 0, by="middle")])] == ["large", "middle"]


def test_without_answers_there_is_no_curve() -> None:
    assert curves_of([]) == []
