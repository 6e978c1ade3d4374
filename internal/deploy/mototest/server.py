"""An AWS for tests: moto, with what it gets wrong put right.

    python3 server.py [--port N]

It listens on 127.0.0.1, prints "listening on http://127.0.0.1:PORT" and serves until its standard input ends.
Each patch is for something that moto 5.2.1 does and AWS doesn't; without them the provider waits for 20 minutes, or
sees a difference in every plan.
"""

import argparse
import copy
import io
import json
import re
import sys
import zipfile

import botocore.session
from botocore.parsers import RpcV2CBORParser
from botocore.serialize import RpcV2CBORSerializer
from moto.athena.responses import AthenaResponse
from moto.awslambda.models import EventSourceMapping, LambdaBackend, LambdaFunction
from moto.awslambda_simple.models import LambdaSimpleBackend
from moto.core.config import default_user_config
from moto.moto_server.werkzeug_app import DomainDispatcherApplication
from moto.s3.models import FakeBucket
from moto.server import ThreadedMotoServer
from moto.sqs.models import Queue, sqs_backends


def keep_queue_policies():
    """moto forgets RedriveAllowPolicy, loses Policy when another attribute is set, and writes RedrivePolicy with spaces."""
    set_attributes, attributes = Queue._set_attributes, Queue.attributes.fget

    def _set_attributes(self, new, now=None):
        set_attributes(self, {"Policy": getattr(self, "policy", None), **new}, now)
        if "RedriveAllowPolicy" in new:
            self.redrive_allow_policy = new["RedriveAllowPolicy"]

    def compact(self):
        result = attributes(self)
        if self.redrive_policy:
            result["RedrivePolicy"] = json.dumps(self.redrive_policy, separators=(",", ":"))
        if getattr(self, "redrive_allow_policy", None):
            result["RedriveAllowPolicy"] = self.redrive_allow_policy
        return result

    Queue._set_attributes, Queue.attributes = _set_attributes, property(compact)


def keep_logging_config():
    """moto drops a function's LoggingConfig."""
    init, update, configuration = LambdaFunction.__init__, LambdaFunction.update_configuration, LambdaFunction.get_configuration

    def __init__(self, account_id, spec, *args, **kwargs):
        init(self, account_id, spec, *args, **kwargs)
        self.logging_config = spec.get("LoggingConfig") or {"LogFormat": "Text", "LogGroup": self.logs_group_name}

    def update_configuration(self, updates):
        self.logging_config = updates.get("LoggingConfig", self.logging_config)
        return update(self, updates)

    def get_configuration(self, *args, **kwargs):
        return {**configuration(self, *args, **kwargs), "LoggingConfig": self.logging_config}

    LambdaFunction.__init__, LambdaFunction.update_configuration = __init__, update_configuration
    LambdaFunction.get_configuration = get_configuration


def keep_alias_of_mapping():
    """moto answers with the version instead of the alias, and an enabled mapping eats the queue's messages."""
    create, configuration = LambdaBackend.create_event_source_mapping, EventSourceMapping.get_configuration

    def create_event_source_mapping(self, spec):
        mapping = create(self, spec)
        for queue in sqs_backends[self.account_id][self.region_name].queues.values():
            queue.lambda_event_source_mappings.clear()
        return mapping

    def get_configuration(self):
        return {**configuration(self), "FunctionArn": self.function_name}

    LambdaBackend.create_event_source_mapping = create_event_source_mapping
    EventSourceMapping.get_configuration = get_configuration


def update_work_groups():
    """moto doesn't know UpdateWorkGroup: the provider repeats it until it is stopped."""

    def update_work_group(self):
        group = self.athena_backend.work_groups[self._get_param("WorkGroup")]
        group.description = self._get_param("Description") or group.description
        group.state = self._get_param("State") or group.state
        merge(group.configuration, self._get_param("ConfigurationUpdates") or {})
        return json.dumps({})

    def merge(configuration, updates):
        results = updates.pop("ResultConfigurationUpdates", {})
        for name in [name for name, remove in {**updates, **results}.items() if name.startswith("Remove") and remove]:
            for of in configuration, configuration.get("ResultConfiguration", {}):
                of.pop(name.removeprefix("Remove"), None)
        configuration.update({k: v for k, v in updates.items() if not k.startswith("Remove")})
        configuration.setdefault("ResultConfiguration", {}).update({k: v for k, v in results.items() if not k.startswith("Remove")})

    AthenaResponse.update_work_group = update_work_group


def answer_probes():
    """moto without docker answers every invocation alike. A probe is answered by the real function with the settings that
    are packaged with it (internal/lambda): here they are read of the zip, with the defaults of internal/config."""
    invoke = LambdaSimpleBackend.invoke

    def setting(config, name, default):
        value = config.get(name, default)
        return int(value) if isinstance(default, int) and not isinstance(default, bool) else value

    def answer(code):
        with zipfile.ZipFile(io.BytesIO(code)) as package:
            account = json.loads(package.read("conf/global.json"))["account"]
            config = json.loads(package.read("conf/lambda.json"))["athena_partition_refresh_config"]
        prefix = account["prefix"]
        config = json.loads(json.dumps(config).replace("<prefix>", prefix))
        queue = config.get("queue_name", prefix + "_streamalert_athena_s3_notifications")
        return {
            "version": "moto",
            "function": prefix + "_streamalert_athena_partition_refresh",
            "prefix": prefix,
            "region": account["region"],
            "queue": queue,
            "dead_letter_queue": queue + "_dlq",
            "database": config.get("database_name", prefix + "_streamalert"),
            "workgroup": config.get("workgroup", prefix + "_streamalert"),
            "results_bucket": config.get("results_bucket", prefix + ".streamalert.athena-results"),
            "buckets": len(set(config.get("buckets", {})) | {prefix + ".streamalerts"}),
            "trigger": config.get("trigger", "schedule"),
            "catalog": config.get("catalog", "athena"),
            "statements_in_flight": setting(config, "statements_in_flight", 5),
            "timeout": setting(config, "timeout", 60),
            "memory": setting(config, "memory", 128),
            "log_level": config.get("log_level", "info"),
            "enable_metrics": config.get("enable_metrics", False),
        }

    def probed(self, function_name, qualifier, body, headers, response_headers):
        if self.lambda_simple_results_queue or json.loads(body or "null") != {"athena-refresh": "probe"}:
            return invoke(self, function_name, qualifier, body, headers, response_headers)
        function = self.get_function(function_name, qualifier)
        return json.dumps(answer(function.code_bytes)).encode()

    LambdaSimpleBackend.invoke = probed


def ignore_tls_denies():
    """moto ignores conditions, so that a policy which refuses plain HTTP refuses everything."""
    permission = FakeBucket.get_permission

    def get_permission(self, action, resource):
        if self.policy is None:
            return permission(self, action, resource)
        policy = json.loads(self.policy)
        policy["Statement"] = [s for s in policy["Statement"] if "aws:SecureTransport" not in json.dumps(s.get("Condition"))]
        lenient = copy.copy(self)
        lenient.policy = json.dumps(policy).encode() if policy["Statement"] else None
        return permission(lenient, action, resource)

    FakeBucket.get_permission = get_permission


def speak_cbor():
    """moto doesn't know CloudWatch's first protocol, RPC v2 with CBOR, which the SDK for Go speaks: it is told the same in
    JSON, and its answer is put into CBOR."""
    call = DomainDispatcherApplication.__call__
    model = botocore.session.get_session().get_service_model("cloudwatch")
    target, reader, writer = model.metadata["targetPrefix"], RpcV2CBORParser(), RpcV2CBORSerializer()

    def filled(value, shape):
        """value without what is null, which CBOR's readers take for wrong."""
        if shape.type_name == "structure":
            return {k: filled(v, shape.members[k]) for k, v in value.items() if v is not None and k in shape.members}
        return [filled(v, shape.member) for v in value] if shape.type_name == "list" else value

    def cbor(value, shape):
        data = bytearray()
        writer._serialize_data_item(data, filled(value, shape), shape)
        return bytes(data)

    def __call__(self, environ, start_response):
        found = re.fullmatch("/service/%s/operation/(\\w+)" % target, environ["PATH_INFO"])
        if not found:
            return call(self, environ, start_response)
        asked = reader._initial_body_parse(environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))) or {}
        body = json.dumps(asked).encode()
        answered = {}
        environ.update({
            "PATH_INFO": "/", "REQUEST_URI": "/", "RAW_URI": "/", "HTTP_X_AMZ_TARGET": target + "." + found[1], "CONTENT_TYPE": "application/x-amz-json-1.0",
            "CONTENT_LENGTH": str(len(body)), "wsgi.input": io.BytesIO(body),
        })
        chunks = call(self, environ, lambda status, headers, exc_info=None: answered.update(status=status))
        text = b"".join(chunks)
        output, value = model.operation_model(found[1]).output_shape, json.loads(text or b"{}")
        if answered["status"].startswith("2"):
            data = cbor(value, output) if output else b"\xa0"
        else:
            words = {k: str(v) for k, v in value.items() if k in ("__type", "message", "Message")}
            data = b"".join([bytes([0xA0 + len(words)])] + [writer_text(w) for pair in words.items() for w in pair])
        start_response(answered["status"], [("Content-Type", "application/cbor"), ("smithy-protocol", "rpc-v2-cbor"), ("Content-Length", str(len(data)))])
        return [data]

    def writer_text(text):
        data = bytearray()
        writer._serialize_type_string(data, text, None, None)
        return bytes(data)

    DomainDispatcherApplication.__call__ = __call__


def note_calls(name, key):
    """Writes each call that is made with an access key: the action, and the resource as far as it is told apart here."""
    from moto.core.authorization import ActionAuthenticatorMixin

    calls = open(name, "a")
    account = "123456789012"

    def resource(service, responses, s3):
        if service == "s3":
            return s3
        param = lambda name: responses._get_param(name)  # noqa: E731
        if service == "sqs":
            queue = param("QueueName") or (param("QueueUrl") or "").rsplit("/", 1)[-1]
            return "arn:aws:sqs:us-east-1:%s:%s" % (account, queue) if queue else "*"
        if service == "iam":
            return "arn:aws:iam::%s:role/%s" % (account, param("RoleName")) if param("RoleName") else "*"
        return "*"

    def noted(authorize):
        def authenticate(self, iam_request, s3="*"):
            scope = re.search(r"Credential=([^/]+)/[^/]+/[^/]+/([^/]+)/", self.headers.get("Authorization", ""))
            if scope and scope[1] == key:
                action = self._get_action()
                action = action[0] if isinstance(action, list) else action
                print("%s:%s %s" % (scope[2], action, resource(scope[2], self, s3)), file=calls, flush=True)
            return authorize(self, iam_request, s3)

        return authenticate

    ActionAuthenticatorMixin._authenticate_and_authorize_action = noted(ActionAuthenticatorMixin._authenticate_and_authorize_action)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--port", type=int, default=0, help="default: any free one")
    parser.add_argument("--calls", help="write the calls of --key there, one a line")
    parser.add_argument("--key", default="DEPLOYER", help="the access key whose calls are written")
    args = parser.parse_args()
    port = args.port

    for patch in keep_queue_policies, keep_logging_config, keep_alias_of_mapping, update_work_groups, answer_probes, ignore_tls_denies, speak_cbor:
        patch()
    if args.calls:
        note_calls(args.calls, args.key)
    default_user_config["lambda"]["use_docker"] = False  # answer an invocation without running anything

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=port, verbose=False)
    server.start()
    print("listening on http://127.0.0.1:%d" % server.get_host_and_port()[1], flush=True)
    sys.stdin.read()
    server.stop()


if __name__ == "__main__":
    main()
