"""Every text of the console, once, in each language."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple


class Text(NamedTuple):
    """A text in each language; ``{name}`` stands for a value."""

    en: str
    zh: str


TEXTS: Mapping[str, Text] = {
    "skip": Text("Skip to the content", "跳到正文"),
    "nav.label": Text("Pages", "页面"),
    "nav.tasks": Text("Tasks", "任务"),
    "account": Text("Account {id}", "账号 {id}"),
    "sign_out": Text("Sign out", "退出登录"),
    "back": Text("Back to the console", "返回控制台"),
    "back_to_task": Text("Back to the task", "返回任务"),
    "sign_in.title": Text("Sign in", "登录"),
    "sign_in.lead": Text("Use an access key of this service.", "请使用本服务的访问密钥。"),
    "sign_in.key_id": Text("Access key ID", "AccessKey ID"),
    "sign_in.secret": Text("Access key secret", "AccessKey Secret"),
    "sign_in.button": Text("Sign in", "登录"),
    "sign_in.hint": Text(
        "On the service's machine, a command prints a link that signs you in:",
        "在服务所在的机器上，此命令会输出一个登录链接：",
    ),
    "sign_in.wrong": Text(
        "There is no such access key, or the secret is another one.",
        "访问密钥不存在，或密钥不正确。",
    ),
    "sign_in.link_used": Text(
        "This link has been used or has run out. Print another one, or sign in with a key.",
        "此链接已被使用或已过期。请重新生成链接，或使用密钥登录。",
    ),
    "link.title": Text("Open the console", "打开控制台"),
    "link.lead": Text("This link signs you in once.", "此链接只能登录一次。"),
    "link.button": Text("Sign in and go on", "登录并继续"),
    "refused.title": Text("This was not done", "操作未执行"),
    "form.stale": Text(
        "The page was older than your session. Go back, reload it and try again.",
        "页面早于当前会话。请返回并刷新后重试。",
    ),
    "form.foreign": Text(
        "The form was sent by a page of another site.",
        "表单来自其他网站的页面。",
    ),
    "form.unreadable": Text("The form could not be read.", "无法读取表单。"),
    "too_many.title": Text("Too many attempts", "尝试次数过多"),
    "too_many.lead": Text("Wait {time}, then try again.", "请等待 {time}后重试。"),
    "no_page.title": Text("There is no such page", "页面不存在"),
    "no_page.lead": Text("The address leads nowhere.", "此地址没有对应的页面。"),
    "no_task.title": Text("There is no such task", "任务不存在"),
    "no_task.lead": Text(
        "Your account has no task of this ID.",
        "您的账号中没有此 ID 的任务。",
    ),
    "not_started.title": Text("The task could not be started", "任务无法启动"),
    "action.ImportImage": Text("Import image", "导入镜像"),
    "action.ExportImage": Text("Export image", "导出镜像"),
    "status.Waiting": Text("Waiting", "等待中"),
    "status.Processing": Text("Running", "进行中"),
    "status.Paused": Text("Paused", "已暂停"),
    "status.Finished": Text("Finished", "已完成"),
    "status.Failed": Text("Failed", "失败"),
    "status.Deleted": Text("Cancelled", "已取消"),
    "disk.Processing": Text("In progress", "处理中"),
    "disk.Success": Text("Done", "成功"),
    "disk.Failed": Text("Failed", "失败"),
    "phase.queued": Text("Queued", "排队"),
    "phase.inspect": Text("Inspecting", "检查格式"),
    "phase.transfer": Text("Transferring", "传输"),
    "phase.verify": Text("Verifying", "校验"),
    "phase.detect": Text("Detecting the system", "检测系统"),
    "phase.publish": Text("Publishing", "发布"),
    "phase.ended": Text("Ended", "结束"),
    "event.created": Text("Created", "已创建"),
    "event.paused": Text("Paused", "已暂停"),
    "event.resumed": Text("Resumed", "已恢复"),
    "event.finished": Text("Finished", "已完成"),
    "event.failed": Text("Failed", "失败"),
    "event.deleted": Text("Cancelled", "已取消"),
    "filter.label": Text("Choose tasks", "筛选任务"),
    "filter.search": Text("Search", "搜索"),
    "filter.search_hint": Text("Task, image or name", "任务、镜像或名称"),
    "filter.status": Text("Status", "状态"),
    "filter.action": Text("Action", "操作"),
    "filter.region": Text("Region", "地域"),
    "filter.any": Text("Any", "全部"),
    "filter.more": Text("Time and page size", "时间与每页数量"),
    "filter.from": Text("Created from (UTC)", "创建时间起 (UTC)"),
    "filter.to": Text("Created to (UTC)", "创建时间止 (UTC)"),
    "filter.size": Text("Tasks a page", "每页任务数"),
    "filter.apply": Text("Apply", "应用"),
    "filter.clear": Text("Show all tasks", "显示全部任务"),
    "notice.cancelled": Text("Tasks cancelled: {number}.", "已取消 {number} 个任务。"),
    "notice.paused": Text("Tasks paused: {number}.", "已暂停 {number} 个任务。"),
    "notice.resumed": Text("Tasks resumed: {number}.", "已恢复 {number} 个任务。"),
    "notice.refused": Text(
        "Left alone, because their status had changed: {number}.",
        "{number} 个任务的状态已改变，未受影响。",
    ),
    "tasks.count": Text("{number} tasks", "{number} 个任务"),
    "tasks.count_one": Text("1 task", "1 个任务"),
    "tasks.task": Text("Task", "任务"),
    "tasks.image": Text("Image", "镜像"),
    "tasks.progress": Text("Progress", "进度"),
    "tasks.age": Text("Age", "创建于"),
    "tasks.choose": Text("Choose task {id}", "选择任务 {id}"),
    "tasks.choose_all": Text("Choose all tasks of this page", "选择本页全部任务"),
    "tasks.none": Text("No tasks yet", "还没有任务"),
    "tasks.none_hint": Text("Start one in a terminal:", "在终端中启动一个："),
    "tasks.none_bucket": Text("Or import an object of a bucket:", "或导入存储空间中的对象："),
    "tasks.none_found": Text("No task matches.", "没有匹配的任务。"),
    "pages.label": Text("Pages of the list", "列表翻页"),
    "pages.newer": Text("Newer", "较新"),
    "pages.newest": Text("Newest", "最新"),
    "pages.older": Text("Older", "较旧"),
    "ago": Text("{time} ago", "{time}前"),
    "duration.days": Text("{number} d", "{number} 天"),
    "duration.hours": Text("{number} h", "{number} 小时"),
    "duration.minutes": Text("{number} min", "{number} 分钟"),
    "duration.seconds": Text("{number} s", "{number} 秒"),
    "duration.moment": Text("a moment", "片刻"),
    "progress.place": Text("Place {number} in the queue", "排队第 {number} 位"),
    "waiting.FreeSlot": Text("Waits for a free slot of a worker", "等待工作进程的空闲名额"),
    "waiting.AccountRunningTasks": Text(
        "Waits until fewer tasks of the account run", "等待本账号运行中的任务减少"
    ),
    "waiting.AllRunningTasks": Text(
        "Waits until fewer tasks run in all", "等待全部运行中的任务减少"
    ),
    "waiting.Start": Text("A worker is about to begin", "工作进程即将开始"),
    "progress.priority": Text("Priority {number}", "优先级 {number}"),
    "progress.still": Text("Nothing has moved for {time}", "已有 {time}没有进展"),
    "progress.took": Text("took {time}", "用时 {time}"),
    "progress.bytes": Text("{done} of {total}", "{done} / {total}"),
    "progress.rate": Text("{rate}/s", "{rate}/秒"),
    "progress.left": Text("{time} left", "剩余 {time}"),
    "pause.chosen": Text("Pause…", "暂停…"),
    "pause.title": Text("Pause tasks", "暂停任务"),
    "pause.lead": Text(
        "These tasks stop within seconds and keep what they have done, until they are resumed.",
        "这些任务将在数秒内停止，并保留已完成的部分，直到恢复。",
    ),
    "pause.button": Text("Pause {number} now", "立即暂停 {number} 个"),
    "pause.nothing": Text(
        "None of the chosen tasks is waiting or running.",
        "所选任务均未在等待或运行。",
    ),
    "resume.chosen": Text("Resume…", "恢复…"),
    "resume.title": Text("Resume tasks", "恢复任务"),
    "resume.lead": Text(
        "These tasks wait for a worker again, and go on from where they were.",
        "这些任务将重新排队，并从暂停处继续。",
    ),
    "resume.button": Text("Resume {number} now", "立即恢复 {number} 个"),
    "resume.nothing": Text("None of the chosen tasks is paused.", "所选任务均未暂停。"),
    "cancel.chosen": Text("Cancel…", "取消…"),
    "cancel.title": Text("Cancel tasks", "取消任务"),
    "cancel.lead": Text(
        "These tasks stop at once, and what they have made is taken away.",
        "这些任务将立即停止，已生成的内容会被清除。",
    ),
    "cancel.button": Text("Cancel {number} now", "立即取消 {number} 个"),
    "cancel.nothing": Text("All of the chosen tasks have ended.", "所选任务均已结束。"),
    "change.reason": Text("Reason (kept with the task)", "原因（随任务保存）"),
    "change.keep": Text("Leave them as they are", "保持不变"),
    "change.others": Text(
        "Left alone, because their status does not allow it: {number}.",
        "状态不允许、不受影响：{number} 个。",
    ),
    "task.created": Text("Created", "创建时间"),
    "task.priority": Text("Priority", "优先级"),
    "task.turn": Text(
        "Of the account's waiting tasks, the one with the lowest number of priority goes first.",
        "同一账号等待中的任务，优先级数字小的先执行。",
    ),
    "task.share": Text(
        "Share {number}: accounts take turns, and one with the share 2 has two tasks taken up "
        "where one with the share 1 has one.",
        "份额 {number}：各账号轮流执行，份额为 1 的账号每执行一个任务，份额为 2 的账号执行两个。",
    ),
    "task.disks": Text("Disks", "磁盘"),
    "task.disk": Text("Disk {number}", "磁盘 {number}"),
    "task.known": Text("What is known of it", "详细信息"),
    "task.request": Text("The request that started it", "启动此任务的请求"),
    "task.attempts": Text(
        "Attempt {number}: an earlier worker was interrupted, and the task went on.",
        "第 {number} 次执行：先前的工作进程中断，任务已继续。",
    ),
    "task.pause": Text("Pause…", "暂停…"),
    "task.resume": Text("Resume", "恢复"),
    "task.pause_reason": Text("Why it is paused", "暂停原因"),
    "task.cancel": Text("Cancel…", "取消…"),
    "task.cancel_reason": Text("Why it was cancelled", "取消原因"),
    "task.again": Text("Run it again", "重新运行"),
    "task.warnings": Text("Warnings", "警告"),
    "failure.title": Text("It failed:", "失败："),
    "failure.meaning": Text("What it means", "含义"),
    "failure.remedy": Text("What to do", "解决办法"),
    "error.original": Text("Original message:", "原文："),
    "chart.title": Text("Throughput", "吞吐量"),
    "chart.label": Text(
        "Peak {peak}/s, average {average}/s, over {time}",
        "峰值 {peak}/秒，平均 {average}/秒，历时 {time}",
    ),
    "chart.none": Text(
        "A chart appears once the task has moved bytes for some seconds.",
        "任务传输数秒后将显示图表。",
    ),
    "chart.never": Text(
        "The task ended before there was anything to draw.", "任务结束前没有可显示的数据。"
    ),
    "events.title": Text("Timeline", "时间线"),
    "log.title": Text("Log", "日志"),
    "log.lead": Text(
        "What happened to the task, and what its worker says, as it is said.",
        "任务发生的事件以及工作进程的实时日志。",
    ),
    "unavailable.title": Text("The service cannot answer just now", "服务暂时不可用"),
    "unavailable.lead": Text(
        "The database does not answer. Tasks are not lost: they go on once it is back.",
        "数据库没有响应。任务不会丢失，恢复后将继续。",
    ),
    "unavailable.reload": Text("This page tries again by itself.", "此页面会自动重试。"),
    "unavailable.again": Text(
        "What you have asked for may not have been done: look, then ask again.",
        "您的操作可能没有执行：请查看后重试。",
    ),
    "workers.none": Text(
        "No worker gives signs of life: tasks wait until one is started on some machine by",
        "没有正在运行的工作进程：任务将等待，直到在任意机器上启动工作进程：",
    ),
    "streams.away": Text(
        "The database does not answer: what you see may be old. It goes on by itself.",
        "数据库没有响应：所显示的内容可能已过时，恢复后会自动更新。",
    ),
    "streams.lost": Text(
        "The service does not answer, or your session has ended: what you see may be old. It goes "
        "on by itself once the service is back; to sign in again, reload the page.",
        "服务没有响应，或会话已结束：所显示的内容可能已过时。服务恢复后会自动更新；如需重新登录，请刷新页面。",
    ),
    "streams.too_many": Text(
        "You have many pages of the console open: this one does not move by itself. Close some "
        "of them, then reload it.",
        "您打开的控制台页面过多，此页面不会自动更新。请关闭部分页面后刷新。",
    ),
}
