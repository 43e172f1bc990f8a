"""What most often leads to the codes of the OSS API."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from imageferry.console.texts import Text

_ASKED_FOR = (
    Text(
        "Terraform and other tools read every configuration of a bucket, and take this for “none”.",
        "Terraform 等工具会读取存储空间的全部配置，并将此错误视为“未配置”。",
    ),
)
_DAMAGED = Text(
    "A proxy on the way changes the body, or its encoding.", "中间代理修改了请求体或其编码。"
)
_LINE_BREAKS = Text("The connection breaks again and again.", "网络连接反复中断。")

OBJECT_CAUSES: Mapping[str, Sequence[Text]] = {
    "AccessDenied": (
        Text("The bucket is that of another account.", "存储空间属于其他账号。"),
        Text("A signed URL was kept until it had run out.", "签名 URL 保存过久，已过期。"),
        Text(
            "The address is opened in a browser without a signature.",
            "在浏览器中直接打开了未签名的地址。",
        ),
    ),
    "BucketAlreadyExists": (
        Text("Somebody else has chosen the same, short name.", "其他人已选用同一个较短的名称。"),
    ),
    "BucketNotEmpty": (
        Text(
            "An upload was broken off: its parts are in no list of objects.",
            "有中断的上传：其分片不在对象列表中。",
        ),
        Text("A program still writes into the bucket.", "仍有程序在写入该存储空间。"),
    ),
    "EntityTooSmall": (
        Text("The client is set to parts of less than 100 KiB.", "客户端的分片设置小于 100 KiB。"),
        Text(
            "A part was uploaded before its data was complete.", "某个分片在数据完整之前就已上传。"
        ),
    ),
    "FileAlreadyExists": (
        Text(
            "A program that failed half-way runs again with the same name.",
            "程序中途失败后以相同名称再次运行。",
        ),
    ),
    "InsufficientStorage": (
        Text("The data folder's disk is full.", "数据目录所在磁盘已满。"),
        Text("Unfinished uploads take the room that is missing.", "未完成的上传占用了所缺的空间。"),
    ),
    "InternalError": (
        Text("A mistake of the service; its log has the trace.", "服务的缺陷；日志中有堆栈。"),
    ),
    "InvalidAccessKeyId": (
        Text(
            "The key is one of Alibaba Cloud's, or of another installation.",
            "使用了阿里云或其他部署的访问密钥。",
        ),
        Text("The key was switched off or deleted.", "访问密钥已停用或删除。"),
    ),
    "InvalidArgument": (
        Text("A number is no number, or beyond its limits.", "数值参数不是数字，或超出范围。"),
        Text(
            "The Authorization header has another form than OSS's version 1 or 4.",
            "Authorization 请求头不是 OSS 签名版本 1 或 4 的格式。",
        ),
        _DAMAGED,
    ),
    "InvalidBucketName": (
        Text(
            "The name has capital letters, dots or underscores.", "名称含有大写字母、点或下划线。"
        ),
        Text("The address has an object and no bucket.", "地址中有对象而没有存储空间。"),
    ),
    "InvalidDigest": (
        _DAMAGED,
        Text(
            "Content-MD5 has hexadecimal digits: it has to be the digest itself, in Base64.",
            "Content-MD5 使用了十六进制：应为摘要本身的 Base64 编码。",
        ),
    ),
    "InvalidLocationConstraint": (
        Text(
            "The region is one of Alibaba Cloud's that the setting `regions` does not name.",
            "该地域属于阿里云，但未列入 `regions` 设置。",
        ),
    ),
    "InvalidObjectName": (
        Text("The name begins with a slash.", "名称以斜杠开头。"),
        Text("The name is in another encoding than UTF-8.", "名称不是 UTF-8 编码。"),
    ),
    "InvalidPart": (
        Text("One of the parts never arrived.", "有分片未送达。"),
        Text("Two programs send parts of the same upload.", "两个程序在发送同一个上传的分片。"),
    ),
    "InvalidPartOrder": (
        Text(
            "Parts that were sent at once are named in the order they arrived in.",
            "并行发送的分片按到达顺序列出。",
        ),
    ),
    "InvalidRange": (
        Text("The object was replaced by a shorter one meanwhile.", "对象期间已被更短的对象替换。"),
    ),
    "InvalidSecurityToken": (
        Text(
            "The token belongs to an earlier key of the same role.",
            "令牌属于同一角色较早的访问密钥。",
        ),
        Text("The token was cut, or not URL-encoded.", "令牌被截断，或未进行 URL 编码。"),
    ),
    "MalformedXML": (
        Text("The body is JSON, or empty.", "请求体是 JSON 或为空。"),
        Text(
            "The list names more than 1,000 objects, or none.", "列表中的对象超过 1000 个或为空。"
        ),
    ),
    "MethodNotAllowed": (
        Text(
            "The request has a bucket alone, and means an object.", "请求只有存储空间，缺少对象。"
        ),
    ),
    "NoSuchBucket": (
        Text(
            "The bucket was deleted, or its name is misspelt.", "存储空间已删除，或名称拼写有误。"
        ),
        Text("The bucket is one of Alibaba Cloud's.", "存储空间位于阿里云。"),
    ),
    "NoSuchKey": (
        Text("The name has a slash in front, or another case.", "名称以斜杠开头，或大小写不同。"),
        Text("The upload has not been completed.", "上传尚未完成。"),
    ),
    "NoSuchUpload": (
        Text(
            "The answer to the completion was lost, and the client completes once more.",
            "完成上传的响应丢失，客户端再次请求完成。",
        ),
        Text("Somebody has discarded unfinished uploads.", "有人丢弃了未完成的上传。"),
    ),
    "NoSuchVersion": (
        Text("The version's id is that of another service.", "版本 ID 来自其他服务。"),
    ),
    "NotImplemented": (
        Text(
            "The client asks for encryption, tags, a callback or a public object.",
            "客户端请求加密、标签、回调或公共读写。",
        ),
        Text("The client appends to an object.", "客户端向对象追加数据。"),
    ),
    "PreconditionFailed": (
        Text(
            "The object was replaced between two requests of a download.",
            "下载的两次请求之间对象已被替换。",
        ),
    ),
    "RequestTimeTooSkewed": (
        Text("The client's clock is wrong.", "客户端时钟不准确。"),
        Text("A signed request was kept and sent later.", "已签名的请求被保存后才发送。"),
    ),
    "RequestTimeout": (
        _LINE_BREAKS,
        Text(
            "Content-Length says more than the client sends.",
            "Content-Length 大于客户端实际发送的数据。",
        ),
    ),
    "SecurityTokenExpired": (
        Text(
            "A long job got its credentials once, at its beginning.",
            "长时间运行的任务只在开始时获取了一次凭证。",
        ),
    ),
    "ServiceUnavailable": (
        Text("The store of a bucket does not answer.", "存储空间的后端没有响应。"),
        Text(
            "The service's keys of the store were changed, or may not do what is asked.",
            "服务访问后端的密钥已更改，或权限不足。",
        ),
    ),
    "SignatureDoesNotMatch": (
        Text(
            "The secret has a character too few or too many: a line feed at its end, or a part "
            "that was not copied.",
            "Secret 多了或少了字符，例如末尾有换行，或复制不完整。",
        ),
        Text(
            "A proxy on the way changes the Host header, the path or the query.",
            "中间代理修改了 Host 请求头、路径或查询参数。",
        ),
        Text(
            "A signed URL is used with another method or Content-Type than it was made for.",
            "签名 URL 的使用方法或 Content-Type 与生成时不同。",
        ),
    ),
    "MetaQueryNotExist": _ASKED_FOR,
    "NoSuchBucketPolicy": _ASKED_FOR,
    "NoSuchCORSConfiguration": _ASKED_FOR,
    "NoSuchLifecycle": _ASKED_FOR,
    "NoSuchReplicationConfiguration": _ASKED_FOR,
    "NoSuchServerSideEncryptionRule": _ASKED_FOR,
    "NoSuchTransferAccelerationConfiguration": _ASKED_FOR,
    "NoSuchWORMConfiguration": _ASKED_FOR,
    "NoSuchWebsiteConfiguration": _ASKED_FOR,
}
"""For a code its causes, the most common first."""
