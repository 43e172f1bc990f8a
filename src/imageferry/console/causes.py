"""What most often leads to the codes that no single parameter leads to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from imageferry.console.texts import Text

CAUSES: Mapping[str, Sequence[Text]] = {
    "SignatureDoesNotMatch": (
        Text(
            "The secret has a character too few or too many: a line feed at its end, or a part "
            "that was not copied.",
            "Secret 多了或少了字符，例如末尾有换行，或复制不完整。",
        ),
        Text(
            "A proxy on the way changes the Host header or the query.",
            "中间代理修改了 Host 请求头或查询参数。",
        ),
        Text(
            "A client of one's own writes a space as “+” instead of “%20”, or does not sort by "
            "the decoded name.",
            "自行编写的客户端将空格编码为“+”而非“%20”，或未按解码后的名称排序。",
        ),
    ),
    "InvalidAccessKeyId.NotFound": (
        Text(
            "The key is one of Alibaba Cloud's, or of another installation.",
            "使用了阿里云或其他部署的访问密钥。",
        ),
        Text(
            "The data folder was made anew, and its key with it.", "数据目录已重建，密钥随之更换。"
        ),
    ),
    "InvalidTimeStamp.Expired": (
        Text("The client's clock is wrong.", "客户端时钟不准确。"),
        Text("A signed request was kept and sent later.", "已签名的请求被保存后才发送。"),
    ),
    "SignatureNonceUsed": (
        Text(
            "A proxy or a client sends the same signed request again after a time-out.",
            "代理或客户端在超时后重发了同一个已签名请求。",
        ),
        Text("The nonce is made of the time alone.", "随机数仅由时间生成。"),
    ),
    "InvalidAction.NotFound": (
        Text("The action is one that this service does not serve.", "本服务不提供此接口。"),
        Text(
            "The version is that of another product.",
            "版本号属于其他产品。",
        ),
    ),
    "ServiceUnavailable": (
        Text("The store of a bucket does not answer.", "存储空间的后端没有响应。"),
        Text("The database is busy or out of reach.", "数据库繁忙或无法访问。"),
    ),
    "IdempotentParameterMismatch": (
        Text(
            "A program uses one ClientToken for several requests.",
            "程序对多个请求使用了同一个 ClientToken。",
        ),
    ),
    "InvalidOSSObject.NotFound": (
        Text("The name has a slash in front, or another case.", "名称以斜杠开头，或大小写不同。"),
        Text("The upload has not been completed.", "上传尚未完成。"),
    ),
    "InvalidImageName.Duplicated": (
        Text(
            "A program that failed half-way runs again with the same name.",
            "程序中途失败后以相同名称再次运行。",
        ),
    ),
    "ConversionFailed.InsufficientSpace": (
        Text("The data folder's disk is full.", "数据目录所在磁盘已满。"),
    ),
}
"""For a code its causes, the most common first."""
