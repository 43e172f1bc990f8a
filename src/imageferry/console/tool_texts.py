"""The texts of the API Explorer and the Error Center."""

from __future__ import annotations

from collections.abc import Mapping

from imageferry.console.texts import Text

TOOL_TEXTS: Mapping[str, Text] = {
    "nav.explorer": Text("API Explorer", "API 调试"),
    "nav.errors": Text("Error Center", "错误中心"),
    "explorer.lead": Text(
        "Call any action with your own access key, and copy code that does the same.",
        "使用您的访问密钥调用任意接口，并复制等效代码。",
    ),
    "explorer.search": Text("Find an action", "查找接口"),
    "explorer.search_hint": Text("Name or purpose", "名称或用途"),
    "explorer.none": Text("No action is called so.", "没有匹配的接口。"),
    "explorer.unknown": Text("There is no such action", "接口不存在"),
    "explorer.history": Text("Your last calls", "最近的调用"),
    "explorer.history_lead": Text(
        "The last 50 of your account, wherever they were made.",
        "您的账号最近 50 次调用，不限浏览器。",
    ),
    "explorer.parameters": Text("Parameters", "参数"),
    "explorer.no_parameters": Text("The action has no parameters.", "此接口没有参数。"),
    "explorer.required": Text("required", "必填"),
    "explorer.missing": Text("Fill this in: the call needs it.", "请填写：调用需要此参数。"),
    "explorer.problems": Text(
        "Not sent: {number} of the values below have to be corrected.",
        "未发送：下方有 {number} 个值需要更正。",
    ),
    "explorer.deprecated": Text("deprecated", "已弃用"),
    "explorer.range": Text("Numbers: {least}…{most}.", "数值：{least}…{most}。"),
    "explorer.length": Text("{least} to {most} characters.", "{least} 到 {most} 个字符。"),
    "explorer.rule": Text("{rule}.", "{rule}。"),
    "explorer.unused": Text("Without effect: {reason}.", "无作用：{reason}。"),
    "explorer.example": Text("Example:", "示例："),
    "explorer.add": Text("Add {name}", "添加 {name}"),
    "explorer.remove": Text("Remove {name}", "移除 {name}"),
    "explorer.type.string": Text("text", "文本"),
    "explorer.type.integer": Text("number", "数字"),
    "explorer.type.boolean": Text("true or false", "布尔值"),
    "explorer.call": Text("Call", "调用"),
    "explorer.renew": Text("Only renew the code", "仅更新代码"),
    "explorer.reply": Text("Reply", "响应"),
    "explorer.body": Text("Body", "响应体"),
    "explorer.headers": Text("Headers", "响应头"),
    "explorer.request": Text("The request as it was sent", "已发送的请求"),
    "explorer.code": Text("Code for this call", "此调用的代码"),
    "explorer.code_lead": Text(
        "The programs read the key from ALIBABA_CLOUD_ACCESS_KEY_ID and "
        "ALIBABA_CLOUD_ACCESS_KEY_SECRET, our command from IMAGEFERRY_ACCESS_KEY_ID and "
        "IMAGEFERRY_ACCESS_KEY_SECRET.",
        "程序从 ALIBABA_CLOUD_ACCESS_KEY_ID 和 ALIBABA_CLOUD_ACCESS_KEY_SECRET 读取密钥，"
        "imageferry 命令从 IMAGEFERRY_ACCESS_KEY_ID 和 IMAGEFERRY_ACCESS_KEY_SECRET 读取。",
    ),
    "explorer.copy": Text("Copy", "复制"),
    "explorer.copy_what": Text("Copy: {what}", "复制：{what}"),
    "explorer.signature": Text("The signature, step by step", "签名步骤"),
    "explorer.signature_lead": Text(
        "How this very call is signed with your key, for a client of your own.",
        "用您的密钥为此调用签名的过程，供自行编写客户端时参考。",
    ),
    "step.body": Text("Write the parameters as the body, sorted", "将排序后的参数写入请求体"),
    "step.body_hash": Text(
        "Hash the body with SHA-256, and send it as x-acs-content-sha256",
        "对请求体计算 SHA-256，作为 x-acs-content-sha256 发送",
    ),
    "step.canonical_request": Text(
        "Put method, path, query, headers and the hash together",
        "拼接方法、路径、查询、请求头和哈希",
    ),
    "step.canonical_query": Text(
        "Sort and encode every parameter but the signature",
        "对签名以外的所有参数排序并编码",
    ),
    "step.string_to_sign": Text("Make the string to sign of it", "生成待签名字符串"),
    "step.signature_v3": Text(
        "HMAC-SHA256 with the access key secret, in hexadecimal",
        "用 AccessKey Secret 计算 HMAC-SHA256（十六进制）",
    ),
    "step.signature_v1": Text(
        "HMAC-SHA1 with the access key secret and “&”, in base64",
        "用 AccessKey Secret 加“&”计算 HMAC-SHA1(base64)",
    ),
    "step.authorization": Text("Send it in the header Authorization", "放入 Authorization 请求头"),
    "step.form": Text("Send it with the parameters", "与参数一起发送"),
    "errors.paste": Text(
        "Paste an error's body (JSON or XML), a line of a log, a code or a RequestId",
        "粘贴错误响应（JSON 或 XML）、日志行、错误码或 RequestId",
    ),
    "errors.paste_hint": Text("RequestId, Code, Message…", "RequestId、Code、Message…"),
    "errors.explain": Text("Explain", "解释"),
    "errors.search": Text("Find a code", "查找错误码"),
    "errors.codes": Text("Codes", "错误码"),
    "errors.none": Text("No code is called so.", "没有匹配的错误码。"),
    "errors.of_tasks": Text("of tasks", "任务错误"),
    "errors.calls": Text("Your last refused calls", "您最近被拒绝的调用"),
    "errors.kept": Text(
        "Kept for 7 days, the last 1000 of the account.", "保留 7 天，每个账号最多 1000 条。"
    ),
    "errors.nothing": Text(
        "There is no code and no RequestId of ours in that text.",
        "文本中没有本服务的错误码或 RequestId。",
    ),
    "errors.no_call": Text(
        "No refused call of your account has that RequestId. Calls are kept for 7 days; those "
        "that succeeded, and those whose signature was refused, are not.",
        "您的账号没有此 RequestId 的被拒调用。调用保留 7 天；成功的以及签名被拒绝的调用不会保留。",
    ),
    "errors.no_code": Text("There is no such code.", "错误码不存在。"),
    "errors.causes": Text("Common causes", "常见原因"),
    "errors.cause_missing": Text("is not given.", "未提供。"),
    "errors.cause_malformed": Text("has another value than it may have.", "的值不符合要求。"),
    "errors.messages": Text("Messages", "错误消息"),
    "errors.examples": Text("As your account met it", "您的账号遇到的实例"),
    "errors.no_examples": Text("Not in the last 7 days.", "最近 7 天没有。"),
    "errors.actions": Text("Actions", "接口"),
    "errors.every_action": Text("Every action can answer with it.", "所有接口都可能返回。"),
    "errors.of_objects": Text("OSS API", "OSS 接口"),
    "errors.operations": Text("Operations of the OSS API", "OSS 接口操作"),
    "errors.every_operation": Text("Every operation can answer with it.", "所有操作都可能返回。"),
    "errors.namesake": Text("The OSS API has a code of this name too.", "OSS 接口也有同名错误码。"),
    "errors.object_namesake": Text(
        "Calls of the other APIs have a code of this name too.", "其他 API 也有同名错误码。"
    ),
    "errors.time": Text("Time", "时间"),
    "errors.explorer": Text("Open in the API Explorer", "在 API 调试中打开"),
}
