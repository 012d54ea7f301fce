"""Values and gradients of what training puts in place of rounding and bounds."""

import torch

from tintype.models.surrogates import lower_bound, straight_through


def test_bounded_values_have_a_gradient_only_where_a_step_would_raise_them() -> None:
    x = torch.tensor([-1.0, -1.0, 0.5, 0.5, 2.0, 2.0], requires_grad=True)
    bounded = lower_bound(x, 0.5)
    assert bounded.tolist() == [0.5, 0.5, 0.5, 0.5, 2.0, 2.0]
    (bounded * torch.tensor([3.0, -3.0, 3.0, -3.0, 3.0, -3.0])).sum().backward()
    assert x.grad is not None and x.grad.tolist() == [0.0, -3.0, 3.0, -3.0, 3.0, -3.0]


def test_an_infinite_gradient_of_a_bounded_value_is_dropped() -> None:
    x = torch.tensor([-1.0], requires_grad=True)
    lower_bound(x, 0.5).backward(torch.tensor([torch.inf]))
    assert x.grad is not None and x.grad.tolist() == [0.0]


def test_straight_through_gives_rounded_values_with_the_gradient_of_the_unrounded() -> None:
    x = torch.tensor([0.25, 1.75], requires_grad=True)
    out = straight_through(x, x.round())
    assert out.tolist() == [0.0, 2.0]
    (out * torch.tensor([5.0, 7.0])).sum().backward()
    assert x.grad is not None and x.grad.tolist() == [5.0, 7.0]
