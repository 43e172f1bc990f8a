"""Every action that is served: those of ECS, and the few of other products around them."""

from __future__ import annotations

from collections.abc import Mapping

from imageferry.actions.add_tags import ADD_TAGS
from imageferry.actions.cancel_copy_image import CANCEL_COPY_IMAGE
from imageferry.actions.cancel_task import CANCEL_TASK
from imageferry.actions.copy_image import COPY_IMAGE
from imageferry.actions.delete_image import DELETE_IMAGE
from imageferry.actions.delete_snapshot import DELETE_SNAPSHOT
from imageferry.actions.describe_image_share_permission import DESCRIBE_IMAGE_SHARE_PERMISSION
from imageferry.actions.describe_images import DESCRIBE_IMAGES
from imageferry.actions.describe_regions import DESCRIBE_REGIONS
from imageferry.actions.describe_tags import DESCRIBE_TAGS
from imageferry.actions.describe_task_attribute import DESCRIBE_TASK_ATTRIBUTE
from imageferry.actions.describe_tasks import DESCRIBE_TASKS
from imageferry.actions.export_image import EXPORT_IMAGE
from imageferry.actions.import_image import IMPORT_IMAGE
from imageferry.actions.list_tag_resources import LIST_TAG_RESOURCES
from imageferry.actions.location import LOCATION
from imageferry.actions.modify_image_attribute import MODIFY_IMAGE_ATTRIBUTE
from imageferry.actions.modify_image_share_permission import MODIFY_IMAGE_SHARE_PERMISSION
from imageferry.actions.pause_task import PAUSE_TASK
from imageferry.actions.product import AnyAction, Product, product
from imageferry.actions.ram import RAM
from imageferry.actions.remove_tags import REMOVE_TAGS
from imageferry.actions.resume_task import RESUME_TASK
from imageferry.actions.sts import STS
from imageferry.actions.tag_resources import TAG_RESOURCES
from imageferry.actions.untag_resources import UNTAG_RESOURCES

VERSION = "2014-05-26"

ECS = product(
    "ecs",
    VERSION,
    (
        IMPORT_IMAGE,
        EXPORT_IMAGE,
        DESCRIBE_TASKS,
        DESCRIBE_TASK_ATTRIBUTE,
        CANCEL_TASK,
        DESCRIBE_IMAGES,
        DELETE_IMAGE,
        MODIFY_IMAGE_ATTRIBUTE,
        COPY_IMAGE,
        CANCEL_COPY_IMAGE,
        DESCRIBE_IMAGE_SHARE_PERMISSION,
        MODIFY_IMAGE_SHARE_PERMISSION,
        TAG_RESOURCES,
        UNTAG_RESOURCES,
        LIST_TAG_RESOURCES,
        ADD_TAGS,
        REMOVE_TAGS,
        DESCRIBE_TAGS,
        DELETE_SNAPSHOT,
        DESCRIBE_REGIONS,
        PAUSE_TASK,
        RESUME_TASK,
    ),
)

EXTENSIONS = frozenset({PAUSE_TASK.name, RESUME_TASK.name})
"""Actions of ours that ECS itself does not have."""

ACTIONS: Mapping[str, AnyAction] = {
    name: action for name, action in ECS.actions.items() if name not in EXTENSIONS
}
"""The actions that ECS has."""

PRODUCTS: tuple[Product, ...] = (ECS, STS, RAM, LOCATION)
