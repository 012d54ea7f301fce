"""How fast a run is, and how near to what the device can do."""

import time

import torch

from tintype.training.config import RunConfig
from tintype.training.report.needs import needs

PEAKS = {  # TFLOP/s of dense bf16 products, by the makers' data sheets
    "H200": 989.0,
    "H100 PCIe": 756.0,
    "H100": 989.0,
    "A100": 312.0,
    "L40S": 362.0,
    "L4": 121.0,
}
MEASURED_SIDE, MEASURED_SECONDS = 1024, 0.2


def flops_per_picture(config: RunConfig) -> int:
    """Floating-point operations of one picture, forward and backward: two a multiply-add, three times the forward."""
    return 6 * needs(config).macs


def peak(device: torch.device, bf16: bool) -> tuple[float, str]:
    """FLOP/s a device can do, and where the figure comes from: its data sheet, or a product of matrices timed now."""
    if device.type == "cuda" and bf16:
        name = torch.cuda.get_device_name(device)
        for known, teraflops in PEAKS.items():
            if known in name:
                return teraflops * 1e12, "data sheet"
    return _measured(device, torch.bfloat16 if bf16 else torch.float32), "matrix product, measured"


def _measured(device: torch.device, dtype: torch.dtype) -> float:
    side = MEASURED_SIDE * (8 if device.type == "cuda" else 1)
    a = torch.ones(side, side, dtype=dtype, device=device)
    b = a @ a  # the first one is slow
    # on a CPU, of the time this process got: other work on the machine does not lower the peak
    clock = time.perf_counter if device.type == "cuda" else _cpu_seconds
    count, start = 0, clock()
    while clock() - start < MEASURED_SECONDS:
        b = a @ b.clamp_(max=1)
        if device.type == "cuda":
            torch.cuda.synchronize(device)
        count += 1
    return 2 * count * side**3 / (clock() - start)


def _cpu_seconds() -> float:
    return time.process_time() / torch.get_num_threads()
