from tintype.qualities import quality_to_level


def test_levels_rise_with_quality_over_their_whole_range() -> None:
    levels = [quality_to_level(quality / 4, 71) for quality in range(401)]
    assert levels == sorted(levels)
    assert set(levels) == set(range(71))
