"""Reads back every resource of the Terraform module, and says what is not as it should be.

    python3 verify.py --endpoint URL --expect FILE.json [--gone]

FILE.json is an object of the module's variables (terraform/variables.tf), complete as `lambda deploy` writes them, and,
where they are to be looked at, "alias_version", the version that the alias has to point at, and "versions", those that
have to be there. With --gone everything but the database and the results bucket has to be gone. It prints "ok: N checks", or every difference,
and then exits 1.
"""

import argparse
import json
import sys

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

DAYS_14 = 14 * 24 * 60 * 60


class Checks:
    def __init__(self):
        self.made, self.differences = 0, []

    def equal(self, what, got, want):
        self.made += 1
        if got != want:
            self.differences.append("%s: %s, not %s" % (what, json.dumps(got, default=str, sort_keys=True), json.dumps(want, default=str, sort_keys=True)))

    def gone(self, what, read):
        """read has to fail as AWS fails for what isn't there, or return nothing."""
        self.made += 1
        try:
            found = read()
        except ClientError as e:
            if e.response["ResponseMetadata"]["HTTPStatusCode"] not in (400, 404):
                self.differences.append("%s: %s" % (what, e))
            return
        if found:
            self.differences.append("%s: is still there" % what)


def queues(c, e, aws):
    sqs = aws("sqs")
    read = lambda name: sqs.get_queue_attributes(QueueUrl=sqs.get_queue_url(QueueName=name)["QueueUrl"], AttributeNames=["All"])["Attributes"]
    queue, letters = read(e["queue_name"]), read(e["dead_letter_queue_name"])
    for what, q in ("queue", queue), ("dead-letter queue", letters):
        c.equal(what + ": retention", q["MessageRetentionPeriod"], str(DAYS_14))
        if e.get("kms_key_arn"):
            c.equal(what + ": key", q.get("KmsMasterKeyId"), e["kms_key_arn"])
        else:
            c.equal(what + ": encrypted", q["SqsManagedSseEnabled"], "true")
        denies = [s for s in json.loads(q["Policy"])["Statement"] if s["Effect"] == "Deny"]
        c.equal(what + ": refused without TLS", [s["Condition"] for s in denies], [{"Bool": {"aws:SecureTransport": "false"}}])
    c.equal("queue: visibility", queue["VisibilityTimeout"], str(6 * e["timeout_seconds"]))
    c.equal("queue: redrive", json.loads(queue["RedrivePolicy"]), {"deadLetterTargetArn": letters["QueueArn"], "maxReceiveCount": 100})
    c.equal("dead-letter queue: whose", json.loads(letters["RedriveAllowPolicy"]), {"redrivePermission": "byQueue", "sourceQueueArns": [queue["QueueArn"]]})
    allows = [s for s in json.loads(queue["Policy"])["Statement"] if s["Effect"] == "Allow"]
    c.equal("queue: who sends", [(s["Principal"], s["Action"], s["Resource"]) for s in allows], [({"Service": "s3.amazonaws.com"}, "sqs:SendMessage", queue["QueueArn"])])
    c.equal("queue: from where", sorted(aslist(allows[0]["Condition"]["ArnLike"]["aws:SourceArn"])), sorted("arn:aws:s3:::" + b for b in e["data_buckets"]))
    c.equal("queue: whose buckets", allows[0]["Condition"]["StringEquals"], {"aws:SourceAccount": [e["account_id"]]})


def results(c, e, aws):
    s3, bucket = aws("s3"), {"Bucket": e["results_bucket"]}
    rule = s3.get_bucket_encryption(**bucket)["ServerSideEncryptionConfiguration"]["Rules"][0]["ApplyServerSideEncryptionByDefault"]
    c.equal("results: key", (rule["SSEAlgorithm"], rule.get("KMSMasterKeyID") or None), ("aws:kms", e["kms_key_arn"]) if e.get("kms_key_arn") else ("AES256", None))
    c.equal("results: public", set(s3.get_public_access_block(**bucket)["PublicAccessBlockConfiguration"].values()), {True})
    c.equal("results: owner", s3.get_bucket_ownership_controls(**bucket)["OwnershipControls"]["Rules"][0]["ObjectOwnership"], "BucketOwnerEnforced")
    rules = s3.get_bucket_lifecycle_configuration(**bucket)["Rules"]
    c.equal("results: expire", [(r["Status"], r["Expiration"]["Days"]) for r in rules], [("Enabled", 30)])
    policy = json.loads(s3.get_bucket_policy(**bucket)["Policy"])["Statement"]
    c.equal("results: TLS", [(s["Effect"], s["Action"], s["Condition"]) for s in policy], [("Deny", "s3:*", {"Bool": {"aws:SecureTransport": "false"}})])


def athena(c, e, aws):
    group = aws("athena").get_work_group(WorkGroup=e["workgroup_name"])["WorkGroup"]["Configuration"]
    c.equal("work group: enforced", group["EnforceWorkGroupConfiguration"], True)
    where = group["ResultConfiguration"]
    c.equal("work group: location", where["OutputLocation"], "s3://%s/athena-partition-refresh/" % e["results_bucket"])
    c.equal("work group: encryption", where["EncryptionConfiguration"]["EncryptionOption"], "SSE_KMS" if e.get("kms_key_arn") else "SSE_S3")
    database(c, e, aws)


def database(c, e, aws):
    c.equal("database", aws("glue").get_database(Name=e["database_name"])["Database"]["Name"], e["database_name"])


def role(c, e, aws):
    iam, name = aws("iam"), e["function_name"]
    trust = iam.get_role(RoleName=name)["Role"]["AssumeRolePolicyDocument"]["Statement"]
    c.equal("role: who", [s["Principal"] for s in trust], [{"Service": "lambda.amazonaws.com"}])
    c.equal("role: policies", iam.list_role_policies(RoleName=name)["PolicyNames"], ["athena-refresh"])
    c.equal("role: others' policies", iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"], [])
    statements = iam.get_role_policy(RoleName=name, PolicyName="athena-refresh")["PolicyDocument"]["Statement"]
    c.equal("role: stars", [a for s in statements for a in aslist(s["Action"]) if "*" in a], [])
    adds = [r for s in statements if "glue:BatchCreatePartition" in s["Action"] for r in aslist(s["Resource"]) if ":table/" in r]
    table = "arn:aws:glue:%s:%s:table/%s/" % (e["region"], e["account_id"], e["database_name"])
    c.equal("role: tables", sorted(adds), sorted(table + t for t in e.get("tables") or ["*"]))
    c.equal("role: statements", any("athena:StartQueryExecution" in s["Action"] for s in statements), e.get("catalog") != "glue")


def function(c, e, aws):
    lam, name = aws("lambda"), e["function_name"]
    f = lam.get_function_configuration(FunctionName=name)
    c.equal("function", (f["Runtime"], f["Handler"], f["MemorySize"], f["Timeout"], f["CodeSha256"]), ("provided.al2023", "bootstrap", e["memory_mb"], e["timeout_seconds"], e["package_hash"]))
    c.equal("function: architecture", f["Architectures"], [e.get("architecture", "arm64")])
    c.equal("function: role", f["Role"], "arn:aws:iam::%s:role/%s" % (e["account_id"], name))
    if "alias_version" in e:
        c.equal("alias", lam.get_alias(FunctionName=name, Name="production")["FunctionVersion"], str(e["alias_version"]))
    if "versions" in e:
        versions = [v["Version"] for page in lam.get_paginator("list_versions_by_function").paginate(FunctionName=name) for v in page["Versions"]]
        c.equal("versions", versions, ["$LATEST"] + [str(v) for v in e["versions"]])
    invoke = lam.get_function_event_invoke_config(FunctionName=name, Qualifier="production")
    c.equal("asynchronous retries", invoke["MaximumRetryAttempts"], 0)
    groups = aws("logs").describe_log_groups(logGroupNamePrefix="/aws/lambda/" + name)["logGroups"]
    c.equal("log", [g["retentionInDays"] for g in groups if g["logGroupName"] == "/aws/lambda/" + name], [e.get("log_retention_days", 90)])


def rules(e):
    """The schedules that have to be there: key → name, expression, input."""
    prefix, found = e["prefix"] + "_streamalert_athena_refresh_", {}
    if e.get("trigger", "schedule") == "schedule":
        found["schedule"] = (prefix + "schedule", e.get("schedule_expression", "rate(10 minutes)"), None)
    if e.get("reconcile_every"):
        found["reconcile"] = (prefix + "reconcile", e["reconcile_every"], {"athena-refresh": "reconcile"})
    return found


def triggers(c, e, aws):
    events, lam, name = aws("events"), aws("lambda"), e["function_name"]
    alias = "arn:aws:lambda:%s:%s:function:%s:production" % (e["region"], e["account_id"], name)
    there = {r["Name"]: r for r in events.list_rules(NamePrefix=e["prefix"] + "_streamalert_athena_refresh_")["Rules"]}
    want = rules(e)
    c.equal("schedules", sorted(there), sorted(r[0] for r in want.values()))
    grants = json.loads(lam.get_policy(FunctionName=name, Qualifier="production")["Policy"])["Statement"] if want else []
    for key, (rule, expression, told) in want.items():
        c.equal(key, (there[rule]["ScheduleExpression"], there[rule]["State"]), (expression, "ENABLED" if e.get("enabled", True) else "DISABLED"))
        targets = events.list_targets_by_rule(Rule=rule)["Targets"]
        c.equal(key + ": target", [(t["Arn"], json.loads(t["Input"]) if t.get("Input") else None) for t in targets], [(alias, told)])
        grant = [s for s in grants if s["Sid"] == key]
        c.equal(key + ": may invoke", [(s["Principal"], s["Resource"], s["Condition"]) for s in grant], [({"Service": "events.amazonaws.com"}, alias, {"ArnLike": {"AWS:SourceArn": there[rule]["Arn"]}})])
    mappings = [m for m in lam.list_event_source_mappings()["EventSourceMappings"] if m["EventSourceArn"].endswith(":" + e["queue_name"])]
    c.equal("event source mappings", len(mappings), 0 if "schedule" in want else 1)
    for m in mappings:
        got = (m["FunctionArn"], m["BatchSize"], m["FunctionResponseTypes"], m["ScalingConfig"]["MaximumConcurrency"], m["State"])
        c.equal("event source mapping", got, (alias, 1000, ["ReportBatchItemFailures"], 10 if e.get("catalog") == "glue" else 2, "Enabled" if e.get("enabled", True) else "Disabled"))
        c.equal("event source mapping: window", m["MaximumBatchingWindowInSeconds"] >= 1, True)


def watching(c, e, aws):
    cloudwatch, name = aws("cloudwatch"), e["function_name"]
    alarms = {a["AlarmName"].removeprefix(name + "_"): a for a in cloudwatch.describe_alarms(AlarmNamePrefix=name + "_")["MetricAlarms"]}
    own = ["access_denied", "catalog_error", "database_missing", "latency", "oldest", "table_missing"] if e.get("enable_metrics") else []
    c.equal("alarms", sorted(alarms), sorted(["age", "behind", "dead_letters", "duration", "errors", "in_flight", "throttles"] + own))
    topics = [e["alarm_topic_arn"]] if e.get("alarm_topic_arn") else []
    for key, alarm in alarms.items():
        c.equal("alarm " + key, (alarm["AlarmActions"], alarm["OKActions"], alarm["TreatMissingData"]), (topics, topics, "notBreaching"))
    c.equal("alarm in_flight: threshold", alarms["in_flight"]["Threshold"], 60000)
    c.equal("alarm dead_letters: queue", alarms["dead_letters"]["Dimensions"], [{"Name": "QueueName", "Value": e["dead_letter_queue_name"]}])
    widgets = json.loads(cloudwatch.get_dashboard(DashboardName=name)["DashboardBody"])["widgets"]
    c.equal("dashboard: first row", [w["properties"]["metrics"][0][1] for w in widgets if w["y"] == 0], ["NumberOfMessagesSent", "NumberOfMessagesReceived", "NumberOfMessagesDeleted"])


def gone(c, e, aws):
    name = e["function_name"]
    c.gone("queue", lambda: aws("sqs").get_queue_url(QueueName=e["queue_name"]))
    c.gone("dead-letter queue", lambda: aws("sqs").get_queue_url(QueueName=e["dead_letter_queue_name"]))
    c.gone("work group", lambda: aws("athena").get_work_group(WorkGroup=e["workgroup_name"]).get("WorkGroup"))
    c.gone("role", lambda: aws("iam").get_role(RoleName=name))
    c.gone("function", lambda: aws("lambda").get_function(FunctionName=name))
    c.gone("event source mapping", lambda: [m for m in aws("lambda").list_event_source_mappings()["EventSourceMappings"] if m["EventSourceArn"].endswith(":" + e["queue_name"])])
    c.gone("schedules", lambda: aws("events").list_rules(NamePrefix=e["prefix"] + "_streamalert_athena_refresh_")["Rules"])
    c.gone("log", lambda: aws("logs").describe_log_groups(logGroupNamePrefix="/aws/lambda/" + name)["logGroups"])
    c.gone("alarms", lambda: aws("cloudwatch").describe_alarms(AlarmNamePrefix=name + "_")["MetricAlarms"])
    c.gone("dashboard", lambda: aws("cloudwatch").list_dashboards(DashboardNamePrefix=name)["DashboardEntries"])
    database(c, e, aws)


def aslist(x):
    return x if isinstance(x, list) else [x]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--endpoint", required=True)
    parser.add_argument("--expect", required=True)
    parser.add_argument("--gone", action="store_true")
    a = parser.parse_args()
    with open(a.expect, encoding="utf-8") as f:
        e = json.load(f)

    clients = {}

    def aws(service):
        if service not in clients:
            clients[service] = boto3.client(
                service, endpoint_url=a.endpoint, region_name=e["region"], aws_access_key_id="test", aws_secret_access_key="test",
                config=Config(s3={"addressing_style": "path"}),
            )
        return clients[service]

    c = Checks()
    for part in [gone] if a.gone else [queues, results, athena, role, function, triggers, watching]:
        try:
            part(c, e, aws)
        except (ClientError, KeyError, IndexError) as problem:
            c.differences.append("%s: can't be read: %r" % (part.__name__, problem))
    for difference in c.differences:
        print(difference)
    if c.differences:
        sys.exit(1)
    print("ok: %d checks" % c.made)


if __name__ == "__main__":
    main()
