"""What is wrong with a text that somebody wrote, or with a link in a message, in Chinese: the sentences of
`monitor.matchers`, `monitor.tickets` and `monitor.web.links`, and what the service writes of itself."""

from __future__ import annotations

from collections.abc import Mapping

SENTENCES: Mapping[str, str] = {
    # matchers
    "{n} characters of matchers: at most {most}": "匹配条件共 {n} 个字符，最多 {most} 个",
    "} is missing: the { at the start is not closed": "缺少 }}：开头的 {{ 没有闭合",
    'one of = != =~ !~ is missing after {name}: write env="prod"': (
        '{name} 之后缺少 =、!=、=~ 或 !~，应写成 env="prod"'
    ),
    'one = is enough: write name="value"': '只需一个 =，应写成 name="value"',
    'the closing " is missing': '缺少结尾的 "',
    '{sign} does not quote here: use double quotes, such as env="prod"': (
        '{sign} 在此不是引号，请用双引号，例如 env="prod"'
    ),
    'a label name is missing: write env="prod"': '缺少标签名，应写成 env="prod"',
    "the value of {name} is missing: write {example}": "缺少 {name} 的值，应写成 {example}",
    (
        "{sign} is not expected here: put a comma between matchers, and quote values that hold other than letters, "
        'digits and - _ . such as env="prod"'
    ): '此处不应有 {sign}：条件之间用逗号隔开；值中除字母、数字和 - _ . 外有其他字符时须加引号，例如 env="prod"',
    "{sign} is not one of = != =~ !~": "{sign} 不是 =、!=、=~、!~ 之一",
    "{value} is not a regular expression: {cause}": "{value} 不是正则表达式：{cause}",
    "it holds half a character": "其中有半个字符",
    "nothing looks ahead or behind here ({part}); add a matcher with !~": (
        "此处不支持环视（{part}），请另加一个 !~ 条件"
    ),
    "{part} repeats more than 1,000 times, all levels together": "{part} 的重复次数合计超过 1,000",
    "there are no references back ({part})": "不支持反向引用（{part}）",
    "no argument for repetition operator: {part}": "重复运算符 {part} 缺少对象",
    "bad repetition operator: {part}": "无效的重复运算符：{part}",
    "invalid repetition size: {part}": "无效的重复次数：{part}",
    "missing ]: {part}": "缺少结尾的 ]：{part}",
    "missing ): {part}": "缺少结尾的 )：{part}",
    "unexpected ): {part}": "多余的 )：{part}",
    "invalid escape sequence: {part}": "无效的转义：{part}",
    "invalid character class range: {part}": "无效的字符范围：{part}",
    "invalid named capture group: {part}": "无效的命名分组：{part}",
    "invalid perl operator: {part}": "无效的扩展语法：{part}",
    # links in messages
    "This link was not made by this service, or was cut or changed on its way. Nothing was done.": (
        "该链接不是由本服务生成，或在传递中被截断或更改。未执行任何操作。"
    ),
    "This link has expired: it could be used for 24 hours after its message. Nothing was done.": (
        "该链接已过期：在消息发出后 24 小时内有效。未执行任何操作。"
    ),
    "This link was used already, and works once. Nothing more was done.": "该链接已用过，只能用一次。未再执行操作。",
    "The message that this link stands in is no longer kept. Nothing was done.": (
        "该链接所在的消息已不再保存。未执行任何操作。"
    ),
    "Nothing of what the message told fires any more. Nothing was done, and nothing has to be.": (
        "该消息所述的告警均已恢复。未执行任何操作，也无需操作。"
    ),
    # alerts that the service raises itself
    "messages to {who} are not delivered: {reason}": "发给 {who} 的消息无法送达：{reason}",
    "the drill did not arrive at {who}: {reason}": "演练消息未送达 {who}：{reason}",
    "account {who} cannot be polled: {reason}": "账号 {who} 无法轮询：{reason}",
    "{fault} (and {n} more); what was last good stays in force": "{fault}（另有 {n} 处）；继续沿用上次正确的版本",
    "{fault}; what was last good stays in force": "{fault}；继续沿用上次正确的版本",
    "{cause}; polling and alerting go on from memory": "{cause}；轮询和告警仍在内存中继续",
    "the store did not take a write: {reason}": "存储无法写入：{reason}",
    "the store did not answer: {reason}": "存储没有应答：{reason}",
    # loops
    "poller of {who}": "{who} 的轮询",
}
"""As in `story_zh`."""

WORDS: Mapping[str, str] = {
    "missing )": "缺少结尾的 )",
    "missing ]": "缺少结尾的 ]",
    "unexpected )": "多余的 )",
    "trailing \\": "结尾有多余的 \\",
    "no argument for repetition operator": "重复运算符缺少对象",
    "bad repetition operator": "无效的重复运算符",
    "invalid repetition size": "无效的重复次数",
    "invalid escape sequence": "无效的转义",
    "invalid character class range": "无效的字符范围",
    "invalid named capture group": "无效的命名分组",
    "invalid perl operator": "无效的扩展语法",
    "pattern too large - compile failed": "表达式过大",
    "courier": "投递",
    "dispatcher": "分派",
    "earshot": "节点间通知",
    "engine": "评估",
    "heartbeat": "心跳",
    "intake": "接收外部告警",
    "lifeline": "直接通知",
    "node": "节点租约",
    "rehearsal": "演练",
}
