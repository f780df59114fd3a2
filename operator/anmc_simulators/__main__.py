"""`python -m anmc_simulators`."""

from anmc_simulators.cli import main

main()
