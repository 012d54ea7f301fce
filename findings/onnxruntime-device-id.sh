#!/usr/bin/env bash
# Guess: ONNX Runtime on Linux is a library that computes. It keeps nothing on disk, and its switch
#   `disable_telemetry_events()` concerns Windows builds alone, as its documentation has long said.
# What happens: since a version between 1.27 and 1.30 `import onnxruntime` and the first session create ~/.cache/Microsoft/DeveloperTools with a random
#   device id and a database of events to be sent. The function does not prevent it, for the files are there once it can
#   be called; the environment variable ORT_DISABLE_TELEMETRY=1, set before the import, does.
# Why it matters: whatever embeds the wheel (codecs, services in read-only containers, tools that promise to work
#   offline) gets a per-user identifier and a writer to the home folder with a minor upgrade.
# Seen with: Python 3.11, onnxruntime 1.30.0, 1.31.0 and 1.32.0 alike (1.27.0 leaves nothing), Linux x86-64. Under three minutes.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check "onnxruntime==1.32.0" "onnx==1.19.1" "numpy>=2,<3"
cat > "$work/run.py" <<'PY'
import sys

import onnxruntime

if "function" in sys.argv:
    onnxruntime.disable_telemetry_events()
from onnx import TensorProto, helper

ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1]) for name in "xy"]
graph = helper.make_graph([helper.make_node("Relu", ["x"], ["y"])], "g", ends[:1], ends[1:])
model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=10)
onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
PY
files() {
    mkdir "$work/home-$1"
    env -u XDG_CACHE_HOME HOME="$work/home-$1" ${2:+"$2"} "$work/venv/bin/python" "$work/run.py" "$1" >/dev/null
    find "$work/home-$1" -type f | sed "s|$work/||" | sort
}
"$work/venv/bin/python" -c "import onnxruntime; print('onnxruntime', onnxruntime.__version__)"
plain=$(files plain)
function=$(files function)
variable=$(files variable ORT_DISABLE_TELEMETRY=1)
printf 'by default:\n%s\nafter disable_telemetry_events():\n%s\nwith ORT_DISABLE_TELEMETRY=1:\n%s\n' \
    "$plain" "$function" "${variable:-nothing}"
[[ $plain == *deviceid* && $function == *deviceid* && -z $variable ]]
