"""The codes of single actions, by theme, as ``contract.json`` lists them with each action."""

from __future__ import annotations

from imageferry.actions.errors import ErrorCode

# Regions.

INVALID_REGION_ID_NOT_FOUND = ErrorCode(
    "InvalidRegionId.NotFound",
    400,
    "The specified RegionId does not exist.",
    "The service does not answer for that region.",
    "Use a region that DescribeRegions lists, or add it to the setting regions.",
)

# Tasks.

INVALID_TASK_ID_NOT_FOUND = ErrorCode(
    "InvalidTaskId.NotFound",
    400,
    'The specified "TaskId" is not found.',
    "The account has no task of that id in the region.",
    "Use an id that ImportImage, ExportImage or DescribeTasks gave.",
)
INCORRECT_TASK_STATUS = ErrorCode(
    "InvalidTaskId.IncorrectTaskStatus",
    403,
    "The specified task status is invalid.",
    "The task's status does not allow it: what has ended is neither cancelled nor paused, and "
    "only what is paused is resumed.",
    "See DescribeTaskAttribute for the task's status, and for what came of it.",
)

# Images.

INVALID_IMAGE_ID_NOT_FOUND = ErrorCode(
    "InvalidImageId.NotFound",
    404,
    "The specified ImageId does not exist.",
    "The account has no image of that id in the region.",
    "Use an id that DescribeImages lists.",
)
INVALID_IMAGE_NAME = ErrorCode(
    "InvalidImageName.Malformed",
    400,
    "The specified Image name is wrongly formed.",
    "The image's name breaks the rules for names.",
    "Use 2 to 128 letters, digits, '.', ':', '_' and '-', beginning with a letter.",
)
INVALID_IMAGE_NAME_DUPLICATED = ErrorCode(
    "InvalidImageName.Duplicated",
    400,
    "The destination image is exist.",
    "The account has an image of that name in the region.",
    "Choose another name, or delete the other image.",
)
INVALID_DESCRIPTION = ErrorCode(
    "InvalidDescription.Malformed",
    400,
    "The specified Image description is wrongly formed.",
    "The description breaks the rules for descriptions.",
    "Use 2 to 256 characters, not beginning with http:// or https://.",
)
INVALID_ARCHITECTURE = ErrorCode(
    "InvalidArchitecture.Malformed",
    400,
    "The specified Architecture is wrongly formed.",
    "The architecture is none that images can have.",
    "Use i386, x86_64 or arm64.",
)
INVALID_PLATFORM = ErrorCode(
    "InvalidPlatform.Malformed",
    400,
    "The specified Platform is wrongly formed.",
    "The platform is none that images can have.",
    "Use a platform of the reference; Others Linux fits any Linux.",
)
INVALID_OS_TYPE = ErrorCode(
    "InvalidOSType.Malformed",
    400,
    "The specified OSType is wrongly formed.",
    "The type of operating system is none that images can have.",
    "Use linux or windows.",
)
INVALID_BOOT_MODE = ErrorCode(
    "InvalidBootMode.Malformed",
    400,
    'The specified parameter "BootMode" is malformed.',
    "The boot mode is none that images can have.",
    "Use BIOS or UEFI.",
)
INVALID_BOOT_MODE_NOT_SUPPORT = ErrorCode(
    "InvalidBootMode.NotSupport",
    400,
    "The specified parameter BootMode is not supported for current image architecture.",
    "An arm64 image starts by UEFI alone.",
    "Send BootMode=UEFI, or leave it out.",
)
INVALID_LICENSE_TYPE = ErrorCode(
    "InvalidLicenseType.NotSupported",
    400,
    "The specified LicenseType is not supported.",
    "The licence type is none that images can have.",
    "Use Auto, Aliyun or BYOL.",
)
INVALID_DETECTION_STRATEGY = ErrorCode(
    "InvalidParameter.DetectionStrategy",
    400,
    "The specified parameter DetectionStrategy is invalid.",
    "The strategy for checking the image is unknown.",
    "Send DetectionStrategy=Standard, or leave it out.",
)
INVALID_IMDS_SUPPORT = ErrorCode(
    "InvalidParameter.FeaturesImdsSupport",
    400,
    "The specified parameter Features.ImdsSupport is not supported.",
    "The version of the metadata service is unknown.",
    "Use v1 or v2.",
)
DUPLICATE_TAG_KEY = ErrorCode(
    "TagKey.Duplication",
    403,
    "The TagKey has duplication with others, case-insensitive.",
    "Two tags of the request have the same key.",
    "Give each key once.",
)
QUOTA_EXCEED_IMAGE = ErrorCode(
    "QuotaExceed.Image",
    403,
    "The Image Quota exceeds.",
    "The account has as many images in the region as it may have.",
    "Delete images that are not needed, or raise the setting max_images.",
)
INCORRECT_IMAGE_STATUS = ErrorCode(
    "IncorrectImageStatus",
    400,
    "The specified Image is not available.",
    "The image is not Available: it is being made, or could not be made.",
    "Wait until DescribeImages shows the image as Available.",
)
IMAGE_IS_IMPORTING = ErrorCode(
    "ImageIsImporting",
    403,
    "The specified Image is importing.",
    "The image is still being imported.",
    "Wait for the import, or stop it with CancelTask.",
)
IMAGE_IS_EXPORTING = ErrorCode(
    "ImageIsExporting",
    403,
    "The specified Image is being exported. "
    "You can use the DescribeTasks API to check the status of existing tasks.",
    "An export of the image is waiting or running.",
    "Wait for that export, or stop it with CancelTask.",
)
IMAGE_IS_EXPORTING_ON_DELETE = ErrorCode(
    "ImageIsExporting",
    403,
    "The specified image is currently being exported. You can use the DescribeTasks API to check "
    "the status of related tasks and cancel them if needed.",
    "An export of the image is waiting or running.",
    "Wait for that export, or stop it with CancelTask.",
)

# Disks, buckets and objects.

MISSING_DISK_DEVICE_MAPPING = ErrorCode(
    "MissingParameter.DiskDeviceMapping",
    403,
    "The specified parameter DiskDeviceMapping is not supplied.",
    "The request names no disk to import.",
    "Send at least DiskDeviceMapping.1.OSSBucket and DiskDeviceMapping.1.OSSObject.",
)
INVALID_DEVICE = ErrorCode(
    "InvalidParameter.Malformed",
    403,
    'The specified parameter "DiskDeviceMapping.n.Device " is not valid.',
    "The device name is none that a disk can have.",
    "Leave DiskDeviceMapping.N.Device out: it is deprecated.",
)
INVALID_IMAGE_FORMAT = ErrorCode(
    "InvalidImageFormat.Malformed",
    400,
    "The specified Image Format is wrongly formed.",
    "The format is none that images can have.",
    "Use a format of the reference.",
)
IMAGE_TOO_LARGE_FOR_FORMAT = ErrorCode(
    "InvalidImage.DiskAmountOrSize",
    400,
    "The diskSize of the image exceeds the maximum size.",
    "The format cannot hold a disk of that size.",
    "Export the image in a format without such a limit, as qcow2 or raw.",
)
INVALID_COMPRESSION = ErrorCode(
    "InvalidParameter.Compression",
    400,
    "The specified parameter Compression is invalid.",
    "The format cannot be compressed so.",
    "Use a compression that the reference names for the format, or leave Compression out.",
)
IMAGE_REFUSED = ErrorCode(
    "InvalidImageFormat.Malformed",
    403,
    "{reason}",
    "The object is no disk image that can be imported safely; the message says why.",
    "Make the image anew as the message says.",
)
INVALID_VHD_SIZE = ErrorCode(
    "InvalidVHDImage.IncorrectSize",
    403,
    "The specified size of the VHD image does not meet the "
    "'header.MaxTableEntries * header.BlockSize' specification.",
    "The sizes that the VHD tells of itself do not agree.",
    "Write the VHD anew with `qemu-img convert -O vpc -o force_size=on`.",
)
INVALID_IMAGE_SIZE = ErrorCode(
    "InvalidImageSize",
    400,
    "{reason}",
    "The size given for the system disk does not fit its image.",
    "Leave DiskImageSize out, or give at least the image's virtual size in GiB.",
)
INVALID_DATA_DISK_SIZE = ErrorCode(
    "InvalidDataDiskSize",
    400,
    "The specified DiskDeviceMapping.N.DiskImSize should be in the specified range.",
    "The size given for a data disk does not fit its image.",
    "Leave DiskImageSize out, or give at least the image's virtual size in GiB, 2048 at the most.",
)
INVALID_OSS_BUCKET = ErrorCode(
    "InvalidOSSBucket.Malformed",
    400,
    "The specified OSS bucket is wrongly formed.",
    "The bucket's name breaks OSS's rules.",
    "Use 3 to 63 small letters, digits and dashes.",
)
INVALID_OSS_BUCKET_NOT_FOUND = ErrorCode(
    "InvalidOSSBucket.NotFound",
    400,
    "The specified OSS bucket does not exist in this region.",
    "The account has no bucket of that name in the region.",
    "Make the bucket, or use one that `imageferry buckets` lists.",
)
INVALID_OSS_OBJECT = ErrorCode(
    "InvalidOSSObject.Malformed",
    400,
    "The specified OSS object is wrongly formed.",
    "The object's name breaks OSS's rules.",
    "Use 1 to 1023 bytes of UTF-8 that do not begin with / or \\.",
)
INVALID_OSS_OBJECT_NOT_FOUND = ErrorCode(
    "InvalidOSSObject.NotFound",
    400,
    "The specified OSS object does not exist in this region.",
    "The bucket has no object of that name.",
    "Upload the image first, and check the object's name.",
)
INVALID_OSS_OBJECT_SIZE = ErrorCode(
    "InvalidOSSObject.Size",
    400,
    "The specified OSS object size is zero.",
    "The object is empty.",
    "Upload the image again.",
)
INVALID_SHA256 = ErrorCode(
    "InvalidSHA256",
    400,
    "The specified SHA-256 of the OSS object is not valid.",
    "The hash that an object is to have is no SHA-256, or is said in different ways.",
    "Give the SHA-256 of the object's bytes as `sha256sum` prints it: 64 hexadecimal digits.",
)
OSS_NOT_AUTHORIZED = ErrorCode(
    "InvalidOSS.NotAuthorized",
    403,
    "The specified OSS bucket or object is not allowed to access.",
    "The bucket belongs to another account.",
    "Use a bucket of your own.",
)
INVALID_OSS_PREFIX = ErrorCode(
    "InvalidOSSPrefix.Malformed",
    400,
    "The specified OSSPrefix format is wrongly formed.",
    "The prefix breaks the rules for prefixes.",
    "Use 1 to 30 letters and digits.",
)
CONCURRENT_EXPORTS_EXCEED = ErrorCode(
    "ConcurrentQuotaExceed.ExportImage",
    403,
    "{reason}",
    "The account has as many exports waiting or running as it may have.",
    "Wait for one of them to end.",
)

# Filters of lists.

INVALID_FILTER_KEY = ErrorCode(
    "InvalidFilterKey.NotFound",
    404,
    "The specified Filter Key is not found.",
    "The filter's key is unknown.",
    "Use CreationStartTime or CreationEndTime.",
)
INVALID_FILTER_VALUE = ErrorCode(
    "InvalidFilterValue",
    404,
    "The specified Filter Value is not valid.",
    "The filter's value cannot be used.",
    "Send a time in UTC, as 2026-11-22T08:30Z.",
)
INVALID_TAG_COUNT = ErrorCode(
    "InvalidTagCount",
    400,
    "The specified tags are beyond the permitted range.",
    "The request asks for more tags than it may.",
    "Ask for at most 20 tags.",
)
INVALID_TAG_MISMATCH = ErrorCode(
    "InvalidTag.Mismatch",
    400,
    "The specified Tag.n.Key and Tag.n.Value are not match.",
    "A tag is asked for by its value alone.",
    "Send Tag.N.Key with each Tag.N.Value.",
)
INVALID_OS_TYPE_FILTER = ErrorCode(
    "InvalidOSType",
    404,
    "The specified OSType is not valid.",
    "The type of operating system is none that images can have.",
    "Use linux or windows.",
)
INVALID_ARCHITECTURE_FILTER = ErrorCode(
    "InvalidArchitecture",
    404,
    "The specified Architecture is not valid.",
    "The architecture is none that images can have.",
    "Use i386, x86_64 or arm64.",
)
INVALID_USAGE = ErrorCode(
    "InvalidUsage",
    404,
    "The specified Usage is not valid.",
    "The usage is unknown.",
    "Use instance or none.",
)
INVALID_IMAGE_OWNER_ALIAS = ErrorCode(
    "InvalidImageOwnerAlias.ValueNotSupported",
    400,
    "The specified ImageOwnerAlias value is not supported.",
    "The owner alias is unknown.",
    "Use self, system, others or marketplace.",
)
INVALID_ACCEPT_LANGUAGE = ErrorCode(
    "InvalidAcceptLanguage.NotFound",
    404,
    "Only Chinese (zh-CN), English (en-US), and Japanese (ja) are allowed.",
    "The names of the regions are not known in that language.",
    "Use zh-CN or en-US.",
)
INVALID_RESOURCE_TYPE = ErrorCode(
    "InvalidResourceType.NotFound",
    404,
    "The ResourceType provided does not exist in our records.",
    "The type of resource is unknown.",
    "Leave ResourceType out.",
)
INVALID_INSTANCE_CHARGE_TYPE = ErrorCode(
    "Invalid.InstanceChargeType",
    403,
    "The specified instanceChargeType is not valid.",
    "The charge type is unknown.",
    "Leave InstanceChargeType out.",
)
