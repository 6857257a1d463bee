"""Topics with other partitions than is configured are all named, with one way out for all of them."""

from infra.bus.topics import TopicSettings, why_unlike


def wanted(*names: str, partitions: int = 4) -> list[TopicSettings]:
    return [TopicSettings(name, partitions, {}) for name in names]


def test_as_configured_or_not_there_yet_nothing_is_unlike() -> None:
    assert why_unlike(wanted("a", "b"), {"a": 4}) is None


def test_where_all_have_another_count_the_setting_is_told() -> None:
    told = "topic a has 8 partitions, and 4 are configured; topic b has 8 partitions, and 4 are configured: "
    assert why_unlike(wanted("a", "b"), {"a": 8, "b": 8}) == f"{told}set TOPIC_PARTITIONS=8 for every service"


def test_where_one_has_grown_the_others_are_to_grow_too() -> None:
    """That alone would make the next start refuse the others."""
    told = why_unlike(wanted("a", "b", "c"), {"a": 6, "b": 4})
    assert told == (
        "topic a has 6 partitions, and 4 are configured: set TOPIC_PARTITIONS=6 for every service; "
        "kafka-topics.sh --alter --topic b --partitions 6"
    )


def test_a_topic_of_one_partition_cannot_lose_others() -> None:
    told = why_unlike([*wanted("a"), *wanted("kept", partitions=1)], {"a": 4, "kept": 2})
    assert told is not None
    assert "re-create kept with one partition" in told
