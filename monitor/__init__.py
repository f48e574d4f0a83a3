"""FDI Monitor: watches Huawei Cloud ROMA Connect FDI tasks and tells people when they break."""

__version__ = "0.1.0"
