"""Counting of parameters and multiply-adds."""

import torch
from torch import nn
from torch.nn import functional as F

from tintype.models.macs import count_macs, kmac_per_pixel, parameters


def test_convolutions_count_one_per_use_of_a_weight():
    x = torch.empty(2, 8, 6, 10, device="meta")
    with torch.device("meta"):
        assert count_macs(nn.Conv2d(8, 4, 3, padding=1), x) == 2 * 6 * 10 * 8 * 4 * 9
        assert count_macs(nn.Conv2d(8, 8, 3, padding=1, groups=8), x) == 2 * 6 * 10 * 8 * 9
        assert count_macs(nn.Conv2d(8, 4, 2, stride=2), x) == 2 * 3 * 5 * 8 * 4 * 4
        assert count_macs(nn.ConvTranspose2d(8, 4, 2, stride=2), x) == 2 * 6 * 10 * 8 * 4 * 4


def test_attention_counts_its_two_products():
    query, key = torch.empty(3, 2, 16, 20, device="meta"), torch.empty(3, 2, 64, 20, device="meta")
    assert count_macs(F.scaled_dot_product_attention, query, key, key) == 2 * 3 * 2 * 16 * 64 * 20


def test_elementwise_work_counts_nothing():
    assert count_macs(lambda x: (x * x).tanh() + 1, torch.empty(4, 4, device="meta")) == 0


def test_figures_per_pixel_are_in_thousands():
    with torch.device("meta"):
        layer = nn.Conv2d(3, 1000, 1)
    assert kmac_per_pixel(layer, 4, 6) == 3.0
    assert parameters(layer) == 4000
