"""The node's messages: generated from the committed files, and by hand where that pays."""

import subprocess
import sys
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.eventstore_node import content, messages
from adapters.eventstore_node.positions import shown
from adapters.eventstore_node.records import Delivered
from adapters.eventstore_node.wire import persistent_response, read_response, string_id, structured_id
from application.ports.event_store import Position, RecordedEvent

PROTOS = Path(messages.__file__).parent / "protos"


def test_the_descriptor_set_is_made_from_the_proto_files(tmp_path: Path) -> None:
    pytest.importorskip("grpc_tools", reason="grpc_tools is not installed")
    made = tmp_path / "node.binpb"
    sources = ["shared", "status", "streams", "persistent", "gossip", "serverfeatures", "users"]
    command = [
        *(sys.executable, "-W", "ignore", "-m", "grpc_tools.protoc", "-I", str(PROTOS)),
        *("--include_imports", f"--descriptor_set_out={made}"),
        *(f"{source}.proto" for source in sources),
    ]
    subprocess.run(command, check=True, cwd=PROTOS)
    assert made.read_bytes() == (PROTOS / "node.binpb").read_bytes()


def test_the_node_and_a_client_library_live_in_one_process() -> None:
    from esdbclient.protos.Grpc import streams_pb2

    assert streams_pb2.ReadReq.DESCRIPTOR.full_name == messages.ReadReq.DESCRIPTOR.full_name
    assert streams_pb2.ReadReq.DESCRIPTOR is not messages.ReadReq.DESCRIPTOR


events = st.builds(
    RecordedEvent,
    id=st.uuids(),
    type=st.text(min_size=1, max_size=200),
    data=st.binary(max_size=300),
    metadata=st.builds(
        lambda metadata, content_type: content.pack(metadata, content_type=content_type),
        st.binary(max_size=20),
        st.sampled_from([content.JSON, content.BINARY]),
    ),
    stream=st.text(min_size=1, max_size=200),
    revision=st.integers(0, 2**63 - 1),
    position=st.integers(1, 2**57 - 1).map(Position),
    recorded_at_us=st.integers(0, 2**52),
)


def check(message: object, event: RecordedEvent, event_id: UUID) -> None:
    metadata, content_type = content.unpack(event.metadata)
    assert message.stream_identifier.stream_name.decode() == event.stream  # type: ignore[attr-defined]
    assert event_id == event.id
    assert message.stream_revision == event.revision  # type: ignore[attr-defined]
    assert message.commit_position == message.prepare_position == shown(event.position)  # type: ignore[attr-defined]
    assert message.custom_metadata == metadata  # type: ignore[attr-defined]
    assert message.data == event.data  # type: ignore[attr-defined]
    assert dict(message.metadata) == {  # type: ignore[attr-defined]
        "type": event.type,
        "content-type": content_type,
        "created": str(event.recorded_at_us * 10),
    }


@given(event=events)
def test_an_event_put_together_by_hand_is_the_message(event: RecordedEvent) -> None:
    response = messages.ReadResp.FromString(read_response(Delivered(event), string_id))
    assert response.WhichOneof("content") == "event"
    assert response.event.commit_position == shown(event.position)
    assert not response.event.HasField("link")
    check(response.event.event, event, UUID(response.event.event.id.string))


@given(event=events, link=events, retries=st.integers(0, 1000))
def test_a_resolved_link_put_together_by_hand_is_the_message(
    event: RecordedEvent, link: RecordedEvent, retries: int
) -> None:
    raw = persistent_response(Delivered(event, link), retries, structured_id)
    response = messages.PersistentReadResp.FromString(raw)
    for message, record in ((response.event.event, event), (response.event.link, link)):
        structured = message.id.structured
        high, low = structured.most_significant_bits % 2**64, structured.least_significant_bits % 2**64
        check(message, record, UUID(int=high << 64 | low))
    assert response.event.commit_position == shown(link.position)
    assert response.event.retry_count == retries


def test_a_link_to_nothing_has_no_event() -> None:
    link = RecordedEvent(
        id=uuid4(),
        type="$>",
        data=b"0@a",
        metadata=b"",
        stream="b",
        revision=0,
        position=Position(1),
        recorded_at_us=0,
    )
    response = messages.ReadResp.FromString(read_response(Delivered(None, link)))
    assert not response.event.HasField("event")
    assert response.event.link.data == b"0@a"
