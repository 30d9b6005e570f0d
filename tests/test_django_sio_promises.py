"""Which test checks which promise to projects that come from django-sio.

The numbered promises are the bugs of django-sio 0.2.0 in docs/migrating-from-django-sio.md, in
their order. This file only checks that the tests exist.
"""

from __future__ import annotations

import pathlib
import re

import pytest

TESTS = pathlib.Path(__file__).parent

PROMISES: dict[str, list[str]] = {
    # --- behaviour that is the same ---
    "every import path": [
        "bridge/test_sio_packets.py::test_every_import_path_without_django_and_channels"
    ],
    "one instance of a consumer for each connection": [
        "bridge/test_sio_consumers.py::test_each_connection_has_its_own_instance"
    ],
    "auth is {} when absent": [
        "unit/socketio/server_test.cc::AuthIsAnEmptyObjectWhenAbsent",
    ],
    "a falsy connect is not authorized, the connection stays": [
        "bridge/test_sio_consumers.py::test_falsy_connect_is_not_authorized",
        "blackbox/test_engineio_polling.py::test_the_connection_stays_without_a_namespace",
    ],
    "an unknown namespace is invalid": [
        "bridge/test_sio_consumers.py::test_unknown_namespace_is_refused",
        "unit/socketio/server_test.cc::AnUnknownNamespaceIsRefusedAndTheSessionStaysOpen",
    ],
    "what connect emits arrives after CONNECT": [
        "unit/socketio/server_test.cc::PacketsEmittedBeforeTheAcceptAreSentAfterIt",
        "bridge/test_sio_consumers.py::test_emits_of_connect_are_posted_before_the_accept",
    ],
    "who takes ack acknowledges, who does not is acknowledged with []": [
        "bridge/test_sio_consumers.py::test_acknowledgement",
        "bridge/test_sio_consumers.py::test_handler_that_takes_ack_is_not_acknowledged_for_it",
        "bridge/test_sio_consumers.py::test_events_without_an_ack_id_are_not_acknowledged",
    ],
    "handlers of one socket run in order": [
        "bridge/test_sio_consumers.py::test_events_of_one_socket_are_handled_in_order"
    ],
    "a room emit reaches the sender too": [
        "unit/socketio/server_test.cc::ABroadcastToARoomAlsoReachesTheSender"
    ],
    "both kinds of reasons": [
        "bridge/test_sio_consumers.py::test_disconnect_sees_the_rooms_and_hooks_follow",
        "blackbox/test_socketio_client_js.py::test_client_closes_its_transport",
    ],
    "emit, send, join, leave, leave_all, disconnect, with await and without": [
        "bridge/test_sio_sockets.py::test_work_can_be_awaited_in_every_way",
        "bridge/test_sio_sockets.py::test_work_is_done_without_await_and_without_warning",
        "bridge/test_sio_sockets.py::test_rooms_are_tracked",
    ],
    "Namespace.on and on_connect": [
        "bridge/test_sio_registration.py::test_namespace_listeners_get_a_list_and_ack"
    ],
    "server.emit(room=, namespace=)": ["bridge/test_sio_sockets.py::test_server_emit"],
    "settings": [
        "blackbox/test_socketio_django.py::test_settings_reach_the_handshake",
        "bridge/sio_django_scenarios.py::settings_are_read_when_they_are_used",
    ],
    "loggers, lines at import and traces": [
        "bridge/test_sio_packets.py::test_every_import_path_without_django_and_channels",
        "blackbox/test_django_sio_defects.py::test_events_are_traced_only_at_the_level_debug",
        "unit/base/logger_test.cc::DropsRecordsBelowWarningByDefault",
    ],
    "as_asgi() behind a project's middleware, on several paths": [
        "blackbox/test_socketio_django.py::test_each_path",
        "blackbox/test_socketio_django.py::test_the_user_of_the_session",
    ],
    "a channel layer's groups": [
        "blackbox/test_socketio_emitting.py::test_group_send_reaches_rooms_through_the_channel_layer",
        "bridge/test_sio_channel_layer.py::test_a_message_reaches_its_room_once",
    ],
    # --- bugs of django-sio ---
    "1 pings come an interval after the last pong": [
        "blackbox/test_engineio_heartbeat.py::test_the_next_ping_is_counted_from_the_pong"
    ],
    "2 an upgrade does not wait for the poll": [
        "blackbox/test_engineio_upgrade.py::test_a_waiting_poll_gets_a_noop_immediately"
    ],
    "3 a probe takes nothing, and a failed one ends nothing": [
        "blackbox/test_engineio_upgrade.py::test_packets_emitted_during_a_probe_use_polling",
        "blackbox/test_engineio_upgrade.py::test_an_invalid_probe_does_not_affect_polling",
        "blackbox/test_engineio_upgrade.py::test_an_abandoned_probe_loses_nothing",
    ],
    "4 vanished polling clients are noticed": [
        "blackbox/test_engineio_heartbeat.py::test_a_lost_polling_client_times_out"
    ],
    "5 long payloads arrive whole and in order": [
        "blackbox/test_django_sio_defects.py::"
        "test_more_than_max_payload_of_small_packets_arrives_completely_and_in_order"
    ],
    "6 limits, CORS, connect time-out": [
        "blackbox/test_engineio_polling.py::test_an_oversize_post",
        "blackbox/test_engineio_polling.py::test_an_oversize_websocket_message",
        "blackbox/test_engineio_requests.py::test_a_foreign_origin",
        "blackbox/test_django_sio_defects.py::"
        "test_a_client_that_never_connects_to_a_namespace_is_closed",
    ],
    "8 a handler that raises ends nothing": [
        "bridge/test_sio_consumers.py::test_raising_handler_is_logged_and_the_next_events_are_handled",
        "blackbox/test_socketio_client_js.py::test_a_failing_handler_is_logged",
    ],
    "9 a handler may wait for an acknowledgement, and for long": [
        "bridge/test_sio_consumers.py::test_clients_ack_can_be_awaited_inside_a_handler",
        "blackbox/test_engineio_heartbeat.py::test_a_long_handler_delays_no_ping",
    ],
    "10 and 11 inherited handlers; the signature says who takes ack": [
        "bridge/test_sio_consumers.py::test_acknowledgement"
    ],
    "12 several consumers, any event name": [
        "bridge/test_sio_dynamic_namespaces.py::test_several_consumers_and_functions",
        "bridge/test_sio_consumers.py::test_two_methods_for_one_event_are_an_error",
    ],
    "13 rooms are compared exactly, int rooms": [
        "blackbox/test_socketio_handlers.py::test_similar_room_names_are_different_rooms",
        "bridge/test_sio_sockets.py::test_an_int_is_the_room_named_by_its_digits",
        "bridge/test_sio_channel_layer.py::test_rooms_of_one_group_are_not_mixed_up",
    ],
    "14 a refused client is in no room": [
        "blackbox/test_socketio_handlers.py::test_a_refused_socket_is_in_no_room"
    ],
    "15 socket.id is no secret": [
        "blackbox/test_engineio_requests.py::test_sids_differ_from_each_other_and_from_socket_ids"
    ],
    "16 rooms need no channel layer and know no capacity": [
        "blackbox/test_socketio_emitting.py::test_without_a_channel_layer_rooms_work",
        "blackbox/test_django_sio_defects.py::"
        "test_a_burst_to_a_room_is_not_cut_at_a_channel_layer_s_capacity",
    ],
    "17 emits keep their order and are encoded once": [
        "blackbox/test_django_sio_defects.py::"
        "test_emits_to_a_room_and_to_the_client_do_not_overtake_each_other",
        "bridge/test_sio_encoding.py::test_a_broadcast_is_encoded_once",
    ],
    "18 back-pressure, bounded acknowledgements, hashable sockets": [
        "blackbox/test_socketio_load.py::test_a_client_that_does_not_read",
        "blackbox/test_socketio_load.py::test_a_websocket_is_not_read_while_its_events_wait",
        "bridge/test_sio_sockets.py::test_an_acknowledgement_that_will_not_come_fails",
        "bridge/test_sio_sockets.py::test_sockets_are_hashable_and_take_attributes",
    ],
    "19 breaches of the protocol end the session": [
        "blackbox/test_engineio_polling.py::test_an_unexpected_packet_ends_the_session",
        "blackbox/test_engineio_polling.py::test_a_malformed_packet_ends_the_session",
        "unit/socketio/server_test.cc::ASecondConnectClosesTheSession",
    ],
}


@pytest.mark.parametrize("promise", PROMISES)
def test_each_promise_has_its_tests(promise: str) -> None:
    assert PROMISES[promise]
    for test in PROMISES[promise]:
        file, _, name = test.partition("::")
        text = (TESTS / file).read_text()
        pattern = rf", {name}\)" if file.endswith(".cc") else rf"def {name}\("
        assert re.search(pattern, text), test
