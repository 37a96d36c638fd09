"""Decoding responses about jobs: each value has several places and spellings."""

from __future__ import annotations

import pytest

from pictory_async._codec import answers as codec
from pictory_async.errors import MalformedResponseError, NotFoundError
from pictory_async.models import JobStatus
from pictory_async.testing.bodies import unknown_job
from tests._bodies import body_of, payload


class TestJobs:
    """The values of a job, in any of their places."""

    @pytest.mark.parametrize(
        "value",
        [
            {"data": {"jobId": "j"}},
            {"data": {"job_id": "j"}},
            {"jobId": "j"},
            {"job_id": "j", "data": {"jobId": ""}},
        ],
    )
    def test_places_of_a_job_id(self, value):
        """A job's id is found in all of its four places."""
        assert "j" == codec.decode_job(body_of(value), "j").id == codec.decode_render_started(body_of(value))

    def test_job_without_an_id(self):
        """A job without an id in the response has the requested id."""
        found = codec.decode_job(payload("get-job-by-id-1"), "requested")
        assert "requested" == found.id
        assert found.is_completed
        assert ["transcript"] == list(found.output)

    def test_job_without_data(self):
        """A job whose wrapper is null has no results, and is written as it was received."""
        value = {"job_id": "j", "status": "pending", "data": None}
        job = codec.decode_job(body_of(value))
        assert (JobStatus.PENDING, {}, {}) == (job.status, job.output, job.extra)
        assert value == job.to_dict()

    def test_completed_render(self):
        """The results of a render job are decoded in either spelling."""
        data = {
            "status": "completed",
            "progress": 100,
            "videoURL": "v",
            "audioURL": "a",
            "thumbnail": "i",
            "srtFile": "s",
            "vttFile": "w",
            "txtFile": "t",
            "videoDuration": 21.98,
            "aiCreditsUsed": 2,
        }
        for spelling in ("videoShareURL", "shareVideoURL"):
            value = {"job_id": "j", "success": True, "data": {**data, spelling: "h"}}
            job = codec.decode_job(body_of(value))
            assert ("v", "h", "a", "i", "s", "w", "t") == (
                job.video_url,
                job.share_url,
                job.audio_url,
                job.thumbnail_url,
                job.srt_url,
                job.vtt_url,
                job.txt_url,
            )
            assert (100, 21.98, 2) == (job.progress, job.duration, job.ai_credits_used)
            assert JobStatus.COMPLETED is job.status
            assert {} == job.extra
            assert value == job.to_dict()

    @pytest.mark.parametrize(("code", "expected"), [(890, "890"), ("5000", "5000"), (True, None)])
    @pytest.mark.parametrize("place", ["data", "error"])
    def test_error_code(self, place, code, expected):
        """An error code is a string, even if the API sends a number."""
        value = {"job_id": "j", place: {"error_code": code}}
        job = codec.decode_job(body_of(value))
        assert expected == job.error_code
        assert value == job.to_dict()

    @pytest.mark.parametrize("place", ["body", "error", "root"])
    def test_an_unknown_job_in_each_place(self, place):
        """A response that names neither an id nor a status, only that there is no such job, is a missing job."""
        job = codec.decode_job(body_of(unknown_job(place)), "j")
        assert (True, True, False) == (job.is_missing, job.is_finished, job.is_failed)
        assert ("j", "5000", "JOB_NOT_FOUND") == (job.id, job.error_code, job.error_message)
        assert unknown_job(place) == job.to_dict()
        # In the response to something else, it is no job at all.
        with pytest.raises(NotFoundError):
            codec.decode_job(body_of(unknown_job(place)))

    @pytest.mark.parametrize("value", [{}, {"message": "ok"}, {"renderProgress": 5}])
    def test_an_object_without_a_job(self, value):
        """An object without an id, a status, a result or data is not an unfinished job."""
        with pytest.raises(MalformedResponseError, match="not a job"):
            codec.decode_job(body_of(value), "j")
