"""The texts of what went wrong in Chinese."""

from __future__ import annotations

from collections.abc import Mapping

TEXTS: Mapping[str, str] = {
    "trouble.400": "地址或表单中有无法识别的内容。",
    "trouble.401": "请说明您是谁：浏览器使用用户名和密码，程序使用令牌。",
    "trouble.unknown": "用户名和密码或令牌不正确。",
    "trouble.role": "{way} {name} 的角色是{role}，而此操作需要{needed}角色。",
    "trouble.foreign": "该请求来自其他网站的页面。只有本服务自己的页面和程序才能在此做出更改。",
    "trouble.404": "该地址没有任何内容。",
    "trouble.405": "该地址不能这样使用。",
    "trouble.413": "发送的内容过大。",
    "trouble.421": "本服务不以该名称应答。请用 localhost 打开，或在 FDI_MONITOR_PUBLIC_URL 中写明该名称。",
    "trouble.429": "来自您的地址或针对该用户名的错误密码或令牌过多。请在 {wait} 秒后重试。",
    "trouble.500": "服务内部出错，详情见服务日志。",
    "trouble.503": "存储没有应答，请稍后重试。",
    "trouble.other": "无法处理该请求。",
    "trouble.missing.alerts": "没有这条告警，或已不再保存。",
    "trouble.missing.deliveries": "没有这条消息，或已不再保存。",
    "trouble.missing.silences": "没有这条静默，或已不再保存。",
    "trouble.missing.instances": "从未轮询过这个实例。",
    "trouble.do.400": (
        "请返回重新选择，或修正地址：时间范围须是页面提供的选项，时刻须带时区且不晚于现在，例如 2026-01-05T10:00:00Z。"
    ),
    "trouble.do.401": "重新加载本页，浏览器会再次询问。用户名和密码由运行本服务的人员发放。",
    "trouble.do.403": "未做任何更改。请向运行本服务的人员申请所需角色，并从本服务自己的地址重新打开页面。",
    "trouble.do.404": "链接可能已过时或不完整。上方的栏目可通往所有内容。",
    "trouble.do.405": "未做任何更改。请从按钮所在的页面重新开始。",
    "trouble.do.413": "未做任何更改。请返回并减少内容：缩短备注，或一次选择较少的告警。",
    "trouble.do.429": "其他人不受影响；等待之后，正确的密码会立即通过。",
    "trouble.do.500": "这不是您的操作造成的。请重新加载；如仍不行，请告知运行本服务的人员。",
    "trouble.do.503": "实例仍在轮询，结果会保留到存储恢复应答为止。原因见服务日志。",
    "trouble.do.alerts": "请在列表中查找：其中也有历史告警。",
    "trouble.do.deliveries": "请在列表中按接收方查找。",
    "trouble.do.silences": "请在列表中查找：其中也有已结束的静默。",
    "trouble.do.instances": "请在概览中按名称查找。离开账号的实例过一段时间后会被删除。",
    "trouble.who.user": "用户",
    "trouble.who.token": "令牌",
    "trouble.who.link": "链接",
    "trouble.who.loopback": "访问者",
    "trouble.who.open": "访问者",
    "trouble.role.viewer": "只读者",
    "trouble.role.operator": "操作员",
}
