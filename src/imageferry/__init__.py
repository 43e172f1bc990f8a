"""A self-hosted service with the Alibaba Cloud ECS API for image import and export."""

__version__ = "0.1.0"
