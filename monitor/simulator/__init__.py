"""A faithful FDI and IAM cloud with chat robots, for demos, tests and drills.

It shares nothing with the client it tests but the clock.

    async with Simulator(SimulatorOptions(instances=3, scenario=Scenario())) as sim:
        sim.url, sim.credentials
        sim.cloud.put("orders", {"cdc": {"abnormal": 2}})
        sim.cloud.add_fault({"instance": "orders", "kind": "503", "for": "10s"})
        sim.messages(robot="feishu", verdict="accepted")
"""

from __future__ import annotations

from monitor.simulator.metadata_api import Metadata
from monitor.simulator.misbehaviour import KINDS
from monitor.simulator.scenario import Scenario, Step
from monitor.simulator.scenario_file import load
from monitor.simulator.server import Credentials, Simulator, SimulatorOptions

__all__ = ["KINDS", "Credentials", "Metadata", "Scenario", "Simulator", "SimulatorOptions", "Step", "load"]
