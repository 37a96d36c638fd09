"""The requests for videos: everything that ``client.videos`` sends, as attrs classes with checks.

`VideoRequest` is the whole request; the other classes are parts of it. What is wrong with a request is found before it
is sent, all at once: see `VideoRequest.check`. ``pictory_async.video.lists`` has the values that are known for fields.
"""

from pictory_async.video._elements import (
    Avatar,
    Element,
    Logo,
    MediaElement,
    Placed,
    SceneAvatar,
    ShapeElement,
    TextElement,
)
from pictory_async.video._part import Part, RequestFinding, Sureness
from pictory_async.video._request import Destination, RequestCost, VideoRequest
from pictory_async.video._scene import StoryCoPilot, VideoScene
from pictory_async.video._sound import (
    BackgroundMusic,
    ExternalVoice,
    PremiumVoiceSettings,
    SceneMusic,
    Voice,
    VoiceOver,
)
from pictory_async.video._text import Animation, FontStyle
from pictory_async.video._visuals import (
    AiVisual,
    Background,
    BackgroundSettings,
    Broll,
    Clip,
    ClipSettings,
    ColorOverlay,
    CorpusVisual,
    KenBurnsPoint,
    SearchFilter,
    VideoKenBurns,
)

__all__ = [
    "AiVisual",
    "Animation",
    "Avatar",
    "Background",
    "BackgroundMusic",
    "BackgroundSettings",
    "Broll",
    "Clip",
    "ClipSettings",
    "ColorOverlay",
    "CorpusVisual",
    "Destination",
    "Element",
    "ExternalVoice",
    "FontStyle",
    "KenBurnsPoint",
    "Logo",
    "MediaElement",
    "Part",
    "Placed",
    "PremiumVoiceSettings",
    "RequestCost",
    "RequestFinding",
    "SceneAvatar",
    "SceneMusic",
    "SearchFilter",
    "ShapeElement",
    "StoryCoPilot",
    "Sureness",
    "TextElement",
    "VideoKenBurns",
    "VideoRequest",
    "VideoScene",
    "Voice",
    "VoiceOver",
]
