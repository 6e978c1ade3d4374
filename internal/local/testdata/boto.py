"""S3, SQS and a notification between them, and Glue, end to end, as boto3 speaks.

Usage: boto.py ENDPOINT. Prints "ok" and exits 0, or raises.
"""

import datetime
import hashlib
import io
import json
import sys
import time
import urllib.error
import urllib.parse
import urllib.request

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

endpoint = sys.argv[1]


def client(name, **more):
    return boto3.client(
        name,
        endpoint_url=endpoint,
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key=more.pop("secret", "test"),
        **more,
    )


def refused(code, call, *args, **kwargs):
    try:
        call(*args, **kwargs)
    except ClientError as e:
        assert e.response["Error"]["Code"] == code, e
        return
    raise AssertionError(f"not refused with {code}")


s3, sqs = client("s3"), client("sqs")
assert client("sts").get_caller_identity()["Account"] == "123456789012"

dlq = sqs.create_queue(QueueName="boto-dlq")["QueueUrl"]
dlq_arn = sqs.get_queue_attributes(QueueUrl=dlq, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
queue = sqs.create_queue(
    QueueName="boto",
    Attributes={
        "VisibilityTimeout": "30",
        "RedrivePolicy": json.dumps({"deadLetterTargetArn": dlq_arn, "maxReceiveCount": 1}),
    },
)["QueueUrl"]
queue_arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["All"])["Attributes"]["QueueArn"]
assert sqs.get_queue_url(QueueName="boto")["QueueUrl"] == queue
refused("AWS.SimpleQueueService.NonExistentQueue", sqs.get_queue_url, QueueName="none")

s3.create_bucket(Bucket="boto")
notified = {
    "QueueConfigurations": [
        {
            "Id": "all",
            "QueueArn": queue_arn,
            "Events": ["s3:ObjectCreated:*"],
            "Filter": {"Key": {"FilterRules": [{"Name": "suffix", "Value": ".gz"}]}},
        }
    ]
}
# S3 refuses a queue whose policy doesn't let it send.
refused("InvalidArgument", s3.put_bucket_notification_configuration, Bucket="boto", NotificationConfiguration=notified)
policy = {
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"Service": "s3.amazonaws.com"},
            "Action": "sqs:SendMessage",
            "Resource": queue_arn,
            "Condition": {"ArnLike": {"aws:SourceArn": "arn:aws:s3:*:*:boto"}},
        }
    ]
}
sqs.set_queue_attributes(QueueUrl=queue, Attributes={"Policy": json.dumps(policy)})
s3.put_bucket_notification_configuration(Bucket="boto", NotificationConfiguration=notified)
kept = s3.get_bucket_notification_configuration(Bucket="boto")["QueueConfigurations"]
assert kept[0]["Id"] == "all" and kept[0]["QueueArn"] == queue_arn, kept


def receive(url=queue):
    got = sqs.receive_message(
        QueueUrl=url,
        MaxNumberOfMessages=10,
        WaitTimeSeconds=1,
        MessageSystemAttributeNames=["All"],
        MessageAttributeNames=["All"],
    )
    return got.get("Messages", [])


(test,) = receive()
assert json.loads(test["Body"])["Event"] == "s3:TestEvent", test
sqs.delete_message(QueueUrl=queue, ReceiptHandle=test["ReceiptHandle"])

# Over plain HTTP botocore signs small bodies, streams files with a trailing
# checksum, and cuts what is large into parts.
key = "dt=2026-01-02-03/a b+c 'ü'.json.gz"
bodies = {key: b"small", "stream.gz": b"s" * 100_000, "parts.gz": b"0123456789" * 1_700_000, "no-match.txt": b"n"}
s3.put_object(Bucket="boto", Key=key, Body=bodies[key])
# It asks for leave to send a body, also where there is none, and must be able to
# read what comes next on the connection.
impatient = client("s3", config=Config(read_timeout=5, retries={"max_attempts": 0}))
impatient.put_object(Bucket="boto", Key="_SUCCESS", Body=b"")
impatient.put_object(Bucket="boto", Key="no-match.txt", Body=b"not yet")
s3.delete_object(Bucket="boto", Key="_SUCCESS")
s3.put_object(Bucket="boto", Key="no-match.txt", Body=bodies["no-match.txt"], ChecksumAlgorithm="SHA256")
s3.put_object(Bucket="boto", Key="stream.gz", Body=io.BytesIO(bodies["stream.gz"]), ChecksumAlgorithm="CRC32")
s3.upload_fileobj(io.BytesIO(bodies["parts.gz"]), "boto", "parts.gz")
for name, body in bodies.items():
    got = s3.get_object(Bucket="boto", Key=name)
    assert got["Body"].read() == body, name
    parts = [hashlib.md5(body[i : i + (8 << 20)]).digest() for i in range(0, len(body), 8 << 20)]
    whole = f"{hashlib.md5(b''.join(parts)).hexdigest()}-{len(parts)}"
    assert got["ETag"].strip('"') == (whole if len(parts) > 1 else hashlib.md5(body).hexdigest()), name
    assert s3.head_object(Bucket="boto", Key=name)["ContentLength"] == len(body)

notified = {}
while len(notified) < 3:
    messages = receive()
    assert messages, f"only {sorted(notified)} were notified"
    for m in messages:
        (record,) = json.loads(m["Body"])["Records"]
        name = urllib.parse.unquote_plus(record["s3"]["object"]["key"])
        assert record["s3"]["object"]["size"] == len(bodies[name])
        assert m["Attributes"]["ApproximateReceiveCount"] == "1"
        notified[name] = record["eventName"]
    done = sqs.delete_message_batch(
        QueueUrl=queue,
        Entries=[{"Id": str(i), "ReceiptHandle": m["ReceiptHandle"]} for i, m in enumerate(messages)],
    )
    assert len(done["Successful"]) == len(messages) and not done.get("Failed"), done
assert notified == {
    key: "ObjectCreated:Put",
    "stream.gz": "ObjectCreated:Put",
    "parts.gz": "ObjectCreated:CompleteMultipartUpload",
}, notified
assert not receive()

listed = [o["Key"] for p in s3.get_paginator("list_objects_v2").paginate(Bucket="boto", PaginationConfig={"PageSize": 1}) for o in p["Contents"]]
assert listed == sorted(bodies), listed


def fetch(url):
    try:
        with urllib.request.urlopen(url) as r:
            return r.read()
    except urllib.error.HTTPError as e:
        return e.code


for version in ["s3", "s3v4"]:
    presigner = client("s3", config=Config(signature_version=version))
    url = presigner.generate_presigned_url("get_object", Params={"Bucket": "boto", "Key": key})
    assert fetch(url) == b"small", url
    assert fetch(url.replace("/boto/dt", "/boto/dx")) == 403
    assert fetch(url + "&versionId=1") == 403
    disposed = presigner.generate_presigned_url(
        "get_object", Params={"Bucket": "boto", "Key": key, "ResponseContentType": "text/plain"}, ExpiresIn=60
    )
    assert fetch(disposed) == b"small", disposed
s3.copy({"Bucket": "boto", "Key": key}, "boto", "copy.txt")
assert s3.get_object(Bucket="boto", Key="copy.txt", Range="bytes=1-2")["Body"].read() == b"ma"
refused("NoSuchKey", s3.get_object, Bucket="boto", Key="none")
refused("404", s3.head_object, Bucket="boto", Key="none")

# Poison: received once, then moved. botocore compares the digests of body and
# attributes.
sqs.send_message(
    QueueUrl=queue,
    MessageBody="poison <&> ü",
    MessageAttributes={"why": {"DataType": "String", "StringValue": "ü"}, "raw": {"DataType": "Binary", "BinaryValue": b"\x00\xff"}},
)
(poison,) = receive()
sqs.change_message_visibility(QueueUrl=queue, ReceiptHandle=poison["ReceiptHandle"], VisibilityTimeout=0)
assert not receive()
(dead,) = receive(dlq)
assert dead["MessageId"] == poison["MessageId"] and dead["MessageAttributes"]["raw"]["BinaryValue"] == b"\x00\xff", dead
assert dead["Attributes"]["DeadLetterQueueSourceArn"] == queue_arn

# It is moved back to where it came from.
sqs.change_message_visibility(QueueUrl=dlq, ReceiptHandle=dead["ReceiptHandle"], VisibilityTimeout=0)
sqs.start_message_move_task(SourceArn=dlq_arn)
for _ in range(100):
    (move,) = sqs.list_message_move_tasks(SourceArn=dlq_arn)["Results"]
    if move["Status"] != "RUNNING":
        break
    time.sleep(0.05)
assert move["Status"] == "COMPLETED" and move["ApproximateNumberOfMessagesMoved"] == 1, move
(back,) = receive()
assert back["Body"] == poison["Body"], back

refused("SignatureDoesNotMatch", client("s3", secret="wrong").list_buckets)
refused("InvalidSignatureException", client("sqs", secret="wrong", config=Config(retries={"total_max_attempts": 1})).list_queues)

# A table is given another column, and so are its partitions: in place.
glue = client("glue")
glue.create_database(DatabaseInput={"Name": "boto"})
told = {"DatabaseName": "boto", "TableName": "t"}
descriptor = {"Columns": [{"Name": "A", "Type": "string"}], "Location": "s3://boto/", "SerdeInfo": {"SerializationLibrary": "x"}}
table = {"Name": "t", "StorageDescriptor": descriptor, "PartitionKeys": [{"Name": "dt", "Type": "string"}], "TableType": "EXTERNAL_TABLE"}
refused("EntityNotFoundException", glue.update_table, DatabaseName="boto", TableInput=table)
refused("EntityNotFoundException", glue.get_partitions, **told)
glue.create_table(DatabaseName="boto", TableInput=table)
created = glue.get_table(DatabaseName="boto", Name="t")["Table"]["CreateTime"]
days = [str(n) for n in range(250)]
for some in [days[:100], days[100:200], days[200:]]:
    glue.batch_create_partition(
        **told, PartitionInputList=[{"Values": [d], "StorageDescriptor": {**descriptor, "Location": f"s3://boto/{d}/"}} for d in some]
    )
descriptor["Columns"].append({"Name": "B", "Type": "bigint", "Comment": "new"})
glue.update_table(DatabaseName="boto", TableInput=table, SkipArchive=True)
now = glue.get_table(DatabaseName="boto", Name="t")["Table"]
assert now["CreateTime"] == created and [c["Name"] for c in now["StorageDescriptor"]["Columns"]] == ["a", "b"], now


def entry(d):
    new = {"Values": [d], "StorageDescriptor": {**descriptor, "Location": f"s3://boto/{d}/"}}
    return {"PartitionValueList": [d], "PartitionInput": new}


failed = glue.batch_update_partition(**told, Entries=[entry(d) for d in [*days[:99], "none"]])["Errors"]
(none,) = failed
assert none["PartitionValueList"] == ["none"] and none["ErrorDetail"]["ErrorCode"] == "EntityNotFoundException", failed
refused("InvalidInputException", glue.batch_update_partition, **told, Entries=[entry(d) for d in days[:101]])
refused("EntityNotFoundException", glue.batch_update_partition, DatabaseName="boto", TableName="none", Entries=[entry("1")])
found = {}
for part in range(3):
    pages = glue.get_paginator("get_partitions").paginate(**told, Segment={"SegmentNumber": part, "TotalSegments": 3}, PaginationConfig={"PageSize": 20})
    for p in pages.build_full_result()["Partitions"]:
        assert p["StorageDescriptor"]["Location"] == f"s3://boto/{p['Values'][0]}/", p
        found[p["Values"][0]] = [c["Name"] for c in p["StorageDescriptor"]["Columns"]]
assert len(found) == 250 and all(found[d] == (["a", "b"] if int(d) < 99 else ["a"]) for d in days), found
bare = glue.get_partitions(**told, ExcludeColumnSchema=True, MaxResults=1)["Partitions"][0]
assert not bare["StorageDescriptor"].get("Columns"), bare
glue.delete_table(DatabaseName="boto", Name="t")
refused("EntityNotFoundException", glue.delete_table, DatabaseName="boto", Name="t")

# CloudWatch: what was counted of a queue, a minute apart.
watch = client("cloudwatch")
counted = sqs.create_queue(QueueName="counted")["QueueUrl"]
for n in range(3):
    sqs.send_message(QueueUrl=counted, MessageBody=str(n))
for m in sqs.receive_message(QueueUrl=counted, MaxNumberOfMessages=2, WaitTimeSeconds=1)["Messages"][:1]:
    sqs.delete_message(QueueUrl=counted, ReceiptHandle=m["ReceiptHandle"])


def metric(name, stat="Sum", **more):
    of = {"Namespace": "AWS/SQS", "MetricName": name, "Dimensions": [{"Name": "QueueName", "Value": "counted"}]}
    return {"Id": name[0].lower() + name[1:], "MetricStat": {"Metric": {**of, **more}, "Period": 60, "Stat": stat}}


moment = datetime.datetime.now(datetime.timezone.utc)
window = {"StartTime": moment - datetime.timedelta(hours=1), "EndTime": moment + datetime.timedelta(minutes=1)}
asked = [metric("NumberOfMessagesSent"), metric("NumberOfMessagesReceived"), metric("NumberOfMessagesDeleted"), metric("ApproximateNumberOfMessagesVisible", "Maximum"), metric("ApproximateNumberOfMessagesNotVisible", "Average"), metric("NoSuchMetric")]
results = watch.get_metric_data(MetricDataQueries=asked, **window)["MetricDataResults"]
assert [sum(r["Values"]) for r in results[:3]] == [3, 2, 1], results
assert [r["Values"][0] for r in results[3:5]] == [1, 1] and results[5]["Values"] == [], results
assert abs(results[0]["Timestamps"][0] - moment) < datetime.timedelta(minutes=2) and results[0]["StatusCode"] == "Complete", results
(age,) = watch.get_metric_data(MetricDataQueries=[metric("ApproximateAgeOfOldestMessage", "Maximum")], **window)["MetricDataResults"]
assert 0 <= age["Values"][0] < 60, age
refused("InvalidParameterValue", watch.get_metric_data, MetricDataQueries=[{"Id": "e", "Expression": "SUM(METRICS())"}], **window)
refused("UnknownOperationException", watch.list_metrics)

gone = s3.delete_objects(Bucket="boto", Delete={"Objects": [{"Key": k} for k in [*bodies, "copy.txt"]]})
assert len(gone["Deleted"]) == 5, gone
s3.delete_bucket(Bucket="boto")
print("ok")
