# `terraform test`: what the plan says, and what is refused. Nothing is created
# and nobody is asked.

mock_provider "aws" {
  mock_data "aws_partition" {
    defaults = { partition = "aws" }
  }
}

variables {
  prefix                 = "acme"
  account_id             = "123456789012"
  region                 = "eu-west-1"
  function_name          = "acme_streamalert_athena_partition_refresh"
  queue_name             = "acme_streamalert_athena_s3_notifications"
  dead_letter_queue_name = "acme_streamalert_athena_s3_notifications_dlq"
  database_name          = "acme_streamalert"
  workgroup_name         = "acme_streamalert"
  results_bucket         = "acme.streamalert.athena-results"
  data_buckets           = ["acme.streamalerts", "acme.cloudtrail"]
  tables                 = ["alerts", "cloudtrail"]
  package_file           = "function.zip"
  package_hash           = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="
}

run "queues" {
  command = plan

  assert {
    condition     = aws_sqs_queue.notifications.message_retention_seconds == 1209600 && aws_sqs_queue.dead_letters.message_retention_seconds == 1209600
    error_message = "messages are not kept for 14 days in both queues"
  }
  assert {
    condition     = aws_sqs_queue.notifications.visibility_timeout_seconds == 360
    error_message = "a message is not hidden for six times the timeout"
  }
  assert {
    condition     = aws_sqs_queue.notifications.sqs_managed_sse_enabled && aws_sqs_queue.dead_letters.sqs_managed_sse_enabled
    error_message = "a queue is not encrypted"
  }
  assert {
    condition = jsondecode(aws_sqs_queue.dead_letters.redrive_allow_policy) == {
      redrivePermission = "byQueue"
      sourceQueueArns   = ["arn:aws:sqs:eu-west-1:123456789012:acme_streamalert_athena_s3_notifications"]
    }
    error_message = "another queue may use the dead-letter queue, or ours may not"
  }
}

run "only_s3_and_only_for_these_buckets_may_send" {
  command = plan

  assert {
    condition = [for s in jsondecode(aws_sqs_queue.notifications.policy).Statement : s if s.Effect == "Allow"] == [{
      Sid       = "S3Notifies"
      Effect    = "Allow"
      Principal = { Service = "s3.amazonaws.com" }
      Action    = "sqs:SendMessage"
      Resource  = "arn:aws:sqs:eu-west-1:123456789012:acme_streamalert_athena_s3_notifications"
      Condition = {
        ArnLike      = { "aws:SourceArn" = ["arn:aws:s3:::acme.streamalerts", "arn:aws:s3:::acme.cloudtrail"] }
        StringEquals = { "aws:SourceAccount" = ["123456789012"] }
      }
    }]
    error_message = "the queue takes messages from others than S3 for these buckets of this account"
  }
  assert {
    condition = alltrue([
      for policy in [aws_sqs_queue.notifications.policy, aws_sqs_queue.dead_letters.policy] :
      length([
        for s in jsondecode(policy).Statement : s
        if s.Effect == "Deny" && s.Principal == "*" && s.Action == "sqs:*" && try(s.Condition.Bool["aws:SecureTransport"], "") == "false"
      ]) == 1
    ])
    error_message = "a queue can be used without TLS"
  }
}

run "others_may_send_that_are_named" {
  command = plan
  variables {
    notify_from = [
      "210987654321", "arn:aws:sns:eu-west-1:210987654321:trail", "arn:aws:events:eu-west-1:123456789012:rule/logs",
    ]
    kms_key_arn = "arn:aws:kms:eu-west-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"
  }

  assert {
    condition = { for s in jsondecode(aws_sqs_queue.notifications.policy).Statement : s.Sid => [s.Principal, s.Condition] if s.Effect == "Allow" } == {
      S3Notifies = [
        { Service = "s3.amazonaws.com" },
        {
          ArnLike      = { "aws:SourceArn" = ["arn:aws:s3:::acme.streamalerts", "arn:aws:s3:::acme.cloudtrail"] }
          StringEquals = { "aws:SourceAccount" = ["123456789012", "210987654321"] }
        },
      ]
      TopicsNotify = [{ Service = "sns.amazonaws.com" }, { ArnEquals = { "aws:SourceArn" = ["arn:aws:sns:eu-west-1:210987654321:trail"] } }]
      RulesNotify  = [{ Service = "events.amazonaws.com" }, { ArnEquals = { "aws:SourceArn" = ["arn:aws:events:eu-west-1:123456789012:rule/logs"] } }]
    }
    error_message = "who is named in notify_from may not send, or others may"
  }
  assert {
    condition     = jsondecode(output.kms_key_statements)[0].Principal.Service == ["s3.amazonaws.com", "sns.amazonaws.com", "events.amazonaws.com"]
    error_message = "nobody is told who has to use the key"
  }
}

run "results_are_private_and_go_where_the_work_group_says" {
  command = plan

  assert {
    condition = alltrue([
      aws_s3_bucket_public_access_block.results.block_public_acls, aws_s3_bucket_public_access_block.results.block_public_policy,
      aws_s3_bucket_public_access_block.results.ignore_public_acls, aws_s3_bucket_public_access_block.results.restrict_public_buckets,
    ])
    error_message = "the results bucket can be made public"
  }
  assert {
    condition     = one(aws_s3_bucket_lifecycle_configuration.results.rule).expiration[0].days == 30
    error_message = "results are kept for ever"
  }
  assert {
    condition     = one(one(aws_s3_bucket_server_side_encryption_configuration.results.rule).apply_server_side_encryption_by_default).sse_algorithm == "AES256"
    error_message = "results are not encrypted"
  }
  assert {
    condition     = aws_athena_workgroup.refresh.configuration[0].enforce_workgroup_configuration && aws_athena_workgroup.refresh.configuration[0].result_configuration[0].output_location == "s3://acme.streamalert.athena-results/athena-partition-refresh/"
    error_message = "results can go elsewhere"
  }
  assert {
    condition     = !aws_s3_bucket.results.force_destroy
    error_message = "another name for the bucket deletes the results"
  }
}

run "the_role_holds_no_stars_and_nothing_foreign" {
  command = plan

  assert {
    condition     = alltrue([for a in flatten(jsondecode(aws_iam_role_policy.function.policy).Statement[*].Action) : can(regex("^[a-z0-9]+:[A-Za-z]+$", a))])
    error_message = "an action is not named in full"
  }
  assert {
    condition = alltrue([
      for r in flatten(jsondecode(aws_iam_role_policy.function.policy).Statement[*].Resource) :
      contains([
        "arn:aws:sqs:eu-west-1:123456789012:acme_streamalert_athena_s3_notifications",
        "arn:aws:sqs:eu-west-1:123456789012:acme_streamalert_athena_s3_notifications_dlq",
        "arn:aws:glue:eu-west-1:123456789012:catalog",
        "arn:aws:glue:eu-west-1:123456789012:database/acme_streamalert",
        "arn:aws:glue:eu-west-1:123456789012:database/default",
        "arn:aws:glue:eu-west-1:123456789012:database/*",
        "arn:aws:glue:eu-west-1:123456789012:table/acme_streamalert/*",
        "arn:aws:glue:eu-west-1:123456789012:table/acme_streamalert/alerts",
        "arn:aws:glue:eu-west-1:123456789012:table/acme_streamalert/cloudtrail",
        "arn:aws:athena:eu-west-1:123456789012:workgroup/acme_streamalert",
        "arn:aws:logs:eu-west-1:123456789012:log-group:/aws/lambda/acme_streamalert_athena_partition_refresh:*",
        "arn:aws:s3:::acme.streamalert.athena-results",
        "arn:aws:s3:::acme.streamalert.athena-results/athena-partition-refresh/*",
        "arn:aws:s3:::acme.streamalerts", "arn:aws:s3:::acme.streamalerts/*",
        "arn:aws:s3:::acme.cloudtrail", "arn:aws:s3:::acme.cloudtrail/*",
      ], r)
    ])
    error_message = "a resource is not one of the configuration's"
  }
  assert {
    condition = alltrue([
      for s in jsondecode(aws_iam_role_policy.function.policy).Statement : toset(s.Action) == toset(["glue:GetDatabases"])
      if contains(s.Resource, "arn:aws:glue:eu-west-1:123456789012:database/*")
    ])
    error_message = "more than their names may be read of other databases"
  }
  assert {
    condition = [
      for s in jsondecode(aws_iam_role_policy.function.policy).Statement : s.Action
      if contains(s.Resource, "arn:aws:glue:eu-west-1:123456789012:table/acme_streamalert/*")
    ] == [["glue:GetTables"]]
    error_message = "tables that the configuration names can't be listed, or more than that is allowed on all others"
  }
  assert {
    condition     = !anytrue([for a in flatten(jsondecode(aws_iam_role_policy.function.policy).Statement[*].Action) : startswith(a, "kms:")])
    error_message = "a key may be used where none is configured"
  }
}

run "an_open_set_of_tables_is_that_of_this_database" {
  command = plan
  variables { tables = null }

  assert {
    condition = toset([
      for r in flatten([for s in jsondecode(aws_iam_role_policy.function.policy).Statement : s.Resource if contains(s.Action, "glue:BatchCreatePartition")]) : r
      if strcontains(r, ":table/")
    ]) == toset(["arn:aws:glue:eu-west-1:123456789012:table/acme_streamalert/*"])
    error_message = "with {table} in a layout partitions can be added to other tables than those of the database, or not to all of them"
  }
}

run "no_table_named_is_no_table_allowed" {
  command = plan
  variables { tables = [] }

  assert {
    condition     = !anytrue([for r in flatten(jsondecode(aws_iam_role_policy.function.policy).Statement[*].Resource) : strcontains(r, ":table/")])
    error_message = "no rule names a table, and there is a right on one"
  }
}

run "ddl_needs_this_and_no_more" {
  command = plan

  assert {
    condition = toset(flatten(jsondecode(aws_iam_role_policy.function.policy).Statement[*].Action)) == toset([
      "sqs:ChangeMessageVisibility", "sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:GetQueueUrl", "sqs:ReceiveMessage", "sqs:SendMessage",
      "glue:BatchCreatePartition", "glue:BatchGetPartition", "glue:CreateDatabase", "glue:CreatePartition", "glue:GetDatabase",
      "glue:GetDatabases", "glue:GetPartition", "glue:GetPartitions", "glue:GetTable", "glue:GetTables",
      "athena:BatchGetQueryExecution", "athena:GetQueryResults", "athena:StartQueryExecution", "athena:StopQueryExecution",
      "s3:AbortMultipartUpload", "s3:GetBucketLocation", "s3:GetObject", "s3:ListBucket", "s3:ListBucketMultipartUploads",
      "s3:ListMultipartUploadParts", "s3:PutObject",
      "logs:CreateLogStream", "logs:PutLogEvents",
    ])
    error_message = "the role may do something else"
  }
  assert {
    condition = toset(flatten([
      for s in jsondecode(aws_iam_role_policy.function.policy).Statement : s.Resource if contains(s.Action, "glue:CreateDatabase")
    ])) == toset(["arn:aws:glue:eu-west-1:123456789012:catalog", "arn:aws:glue:eu-west-1:123456789012:database/default"])
    error_message = "another database than default can be made"
  }
  assert {
    condition = toset(flatten([
      for s in jsondecode(aws_iam_role_policy.function.policy).Statement : s.Resource if contains(s.Action, "s3:PutObject")
    ])) == toset(["arn:aws:s3:::acme.streamalert.athena-results/athena-partition-refresh/*"])
    error_message = "objects can be written elsewhere than where results go"
  }
  assert {
    condition = toset(flatten([
      for s in jsondecode(aws_iam_role_policy.function.policy).Statement : s.Resource if contains(s.Action, "sqs:SendMessage")
    ])) == toset(["arn:aws:sqs:eu-west-1:123456789012:acme_streamalert_athena_s3_notifications", "arn:aws:sqs:eu-west-1:123456789012:acme_streamalert_athena_s3_notifications_dlq"])
    error_message = "messages can be sent elsewhere than to the two queues, or not to one"
  }
}

run "the_catalogs_own_api_needs_this_and_no_more" {
  command = plan
  variables { catalog = "glue" }

  assert {
    condition = toset(flatten(jsondecode(aws_iam_role_policy.function.policy).Statement[*].Action)) == toset([
      "sqs:ChangeMessageVisibility", "sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:GetQueueUrl", "sqs:ReceiveMessage", "sqs:SendMessage",
      "glue:BatchCreatePartition", "glue:BatchGetPartition", "glue:GetDatabase", "glue:GetPartition", "glue:GetTable", "glue:GetTables",
      "s3:ListBucket",
      "logs:CreateLogStream", "logs:PutLogEvents",
    ])
    error_message = "the role may do what only DDL needs, or something else"
  }
}

run "the_function" {
  command = plan

  assert {
    condition = (
      aws_lambda_function.refresh.runtime == "provided.al2023" && aws_lambda_function.refresh.handler == "bootstrap" &&
      aws_lambda_function.refresh.architectures == tolist(["arm64"]) && aws_lambda_function.refresh.publish &&
      aws_lambda_function.refresh.memory_size == 128 && aws_lambda_function.refresh.timeout == 60
    )
    error_message = "the function is not the one that is built"
  }
  assert {
    condition     = aws_lambda_alias.production.name == "production"
    error_message = "the alias has another name"
  }
  assert {
    condition     = aws_lambda_function_event_invoke_config.production.maximum_retry_attempts == 0
    error_message = "Lambda repeats a failed invocation at once"
  }
  assert {
    condition     = aws_cloudwatch_log_group.function.name == "/aws/lambda/acme_streamalert_athena_partition_refresh" && aws_cloudwatch_log_group.function.retention_in_days == 90
    error_message = "the log is kept for ever"
  }
}

run "on_a_schedule" {
  command = plan

  assert {
    condition     = aws_cloudwatch_event_rule.run["schedule"].schedule_expression == "rate(10 minutes)" && aws_cloudwatch_event_rule.run["schedule"].state == "ENABLED"
    error_message = "the function is not started every ten minutes"
  }
  assert {
    condition     = keys(aws_cloudwatch_event_rule.run) == ["schedule"] && length(aws_lambda_event_source_mapping.queue) == 0
    error_message = "something else starts the function"
  }
  assert {
    condition     = aws_lambda_permission.run["schedule"].source_account == null && aws_lambda_permission.run["schedule"].principal == "events.amazonaws.com"
    error_message = "the permission asks for an account, which EventBridge doesn't send: the schedule never starts the function"
  }
}

run "from_the_queue" {
  command = plan
  variables { trigger = "queue" }

  assert {
    condition = (
      aws_lambda_event_source_mapping.queue[0].batch_size == 1000 &&
      aws_lambda_event_source_mapping.queue[0].maximum_batching_window_in_seconds >= 1 &&
      aws_lambda_event_source_mapping.queue[0].function_response_types == toset(["ReportBatchItemFailures"]) &&
      aws_lambda_event_source_mapping.queue[0].scaling_config[0].maximum_concurrency == 2 &&
      aws_lambda_event_source_mapping.queue[0].enabled
    )
    error_message = "the mapping is not as the function needs it"
  }
  assert {
    condition     = length(aws_cloudwatch_event_rule.run) == 0
    error_message = "the schedule is still there"
  }
}

run "reconcile_is_a_second_schedule" {
  command = plan
  variables { reconcile_every = "cron(0 3 * * ? *)" }

  assert {
    condition     = keys(aws_cloudwatch_event_rule.run) == ["reconcile", "schedule"] && aws_cloudwatch_event_rule.run["reconcile"].schedule_expression == "cron(0 3 * * ? *)"
    error_message = "S3 is not compared with the catalog"
  }
  assert {
    condition     = jsondecode(aws_cloudwatch_event_target.run["reconcile"].input) == { athena-refresh = "reconcile" } && aws_cloudwatch_event_target.run["schedule"].input == null
    error_message = "the function is told something else"
  }
}

run "switched_off_on_a_schedule" {
  command = plan
  variables {
    enabled         = false
    reconcile_every = "rate(1 day)"
  }

  assert {
    condition     = alltrue([for r in aws_cloudwatch_event_rule.run : r.state == "DISABLED"]) && length(aws_cloudwatch_event_rule.run) == 2
    error_message = "a schedule runs, or is gone"
  }
}

run "switched_off_at_the_queue" {
  command = plan
  variables {
    enabled = false
    trigger = "queue"
  }

  assert {
    condition     = !aws_lambda_event_source_mapping.queue[0].enabled
    error_message = "the queue starts the function"
  }
}

run "a_key_of_ones_own" {
  command = plan
  variables { kms_key_arn = "arn:aws:kms:eu-west-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab" }

  assert {
    condition     = aws_sqs_queue.notifications.kms_master_key_id == var.kms_key_arn && aws_sqs_queue.dead_letters.kms_master_key_id == var.kms_key_arn
    error_message = "a queue is not encrypted with the key"
  }
  assert {
    condition     = one(one(aws_s3_bucket_server_side_encryption_configuration.results.rule).apply_server_side_encryption_by_default).kms_master_key_id == var.kms_key_arn
    error_message = "results are not encrypted with the key"
  }
  assert {
    condition     = [for s in jsondecode(aws_iam_role_policy.function.policy).Statement : s.Resource if s.Sid == "Key"] == [[var.kms_key_arn]]
    error_message = "the function can't use the key, or can use others"
  }
  assert {
    condition = jsondecode(output.kms_key_statements) == [{
      Sid       = "NotifiesEncryptedQueue"
      Effect    = "Allow"
      Principal = { Service = ["s3.amazonaws.com"] }
      Action    = ["kms:Decrypt", "kms:GenerateDataKey"]
      Resource  = "*"
    }]
    error_message = "nobody is told what the key's policy needs, or a condition is in it of which AWS doesn't say that it holds"
  }
}

run "messages_that_wait_can_be_read_when_the_key_has_changed" {
  command = plan
  variables { former_kms_key_arns = ["arn:aws:kms:eu-west-1:123456789012:key/0000abcd-12ab-34cd-56ef-1234567890ab"] }

  assert {
    condition     = [for s in jsondecode(aws_iam_role_policy.function.policy).Statement : [s.Action, s.Resource] if s.Sid == "FormerKeys"] == [[["kms:Decrypt"], ["arn:aws:kms:eu-west-1:123456789012:key/0000abcd-12ab-34cd-56ef-1234567890ab"]]]
    error_message = "the function can't decrypt with a former key, or may do more with it"
  }
}

run "alarms" {
  command = plan
  variables { alarm_topic_arn = "arn:aws:sns:eu-west-1:123456789012:alarms" }

  assert {
    condition     = keys(aws_cloudwatch_metric_alarm.of) == ["age", "dead_letters", "duration", "errors", "in_flight", "throttles"]
    error_message = "an alarm is missing, or is about metrics that nobody writes"
  }
  assert {
    condition = alltrue([
      for a in concat(values(aws_cloudwatch_metric_alarm.of), [aws_cloudwatch_metric_alarm.behind]) :
      a.alarm_actions == toset([var.alarm_topic_arn]) && a.ok_actions == toset([var.alarm_topic_arn]) && a.treat_missing_data == "notBreaching"
    ])
    error_message = "an alarm goes nowhere, or rings for a queue at rest"
  }
  assert {
    condition     = aws_cloudwatch_metric_alarm.of["in_flight"].threshold == 60000 && aws_cloudwatch_metric_alarm.of["dead_letters"].threshold == 0
    error_message = "a threshold is another"
  }
  assert {
    condition     = aws_cloudwatch_metric_alarm.of["dead_letters"].dimensions == tomap({ QueueName = var.dead_letter_queue_name })
    error_message = "the alarm on dead letters looks at another queue"
  }
  assert {
    condition     = aws_cloudwatch_metric_alarm.of["duration"].threshold == 57500
    error_message = "the alarm on the duration rings for an invocation that uses its time, or for none"
  }
  assert {
    condition     = aws_cloudwatch_metric_alarm.behind.datapoints_to_alarm < aws_cloudwatch_metric_alarm.behind.evaluation_periods && length(aws_cloudwatch_metric_alarm.behind.metric_query) == 3
    error_message = "a late data point keeps the alarm ringing"
  }
}

run "alarms_are_as_patient_as_the_schedule_is_rare" {
  command = plan
  variables { longest_pause_seconds = 86400 }

  assert {
    condition     = aws_cloudwatch_metric_alarm.of["age"].threshold == 259200 && aws_cloudwatch_metric_alarm.of["errors"].period == 86400
    error_message = "a queue that is emptied daily rings within the day, or a failing run is forgotten before the next"
  }
}

run "alarms_on_metrics_of_ones_own" {
  command = plan
  variables { enable_metrics = true }

  assert {
    condition     = setsubtract(keys(aws_cloudwatch_metric_alarm.of), ["age", "dead_letters", "duration", "errors", "in_flight", "throttles"]) == toset(["access_denied", "catalog_error", "database_missing", "latency", "oldest", "table_missing"])
    error_message = "an alarm is missing"
  }
  assert {
    condition     = aws_cloudwatch_metric_alarm.of["latency"].extended_statistic == "p99" && aws_cloudwatch_metric_alarm.of["latency"].namespace == "AthenaPartitionRefresh"
    error_message = "the latency is looked for elsewhere"
  }
  assert {
    condition     = aws_cloudwatch_metric_alarm.of["table_missing"].metric_name == "Records_table_missing" && aws_cloudwatch_metric_alarm.of["table_missing"].dimensions == tomap({ Queue = var.queue_name })
    error_message = "a failure is counted under another name"
  }
  assert {
    condition     = alltrue([for a in values(aws_cloudwatch_metric_alarm.of) : length(a.alarm_actions) == 0])
    error_message = "an alarm goes somewhere without a topic"
  }
}

run "the_dashboards_first_row_is_the_three_counts" {
  command = plan

  assert {
    condition = [for w in jsondecode(aws_cloudwatch_dashboard.refresh.dashboard_body).widgets : [w.x, w.width, w.properties.metrics[0][1]] if w.y == 0] == [
      [0, 8, "NumberOfMessagesSent"], [8, 8, "NumberOfMessagesReceived"], [16, 8, "NumberOfMessagesDeleted"],
    ]
    error_message = "sent, received and deleted are not side by side"
  }
  assert {
    condition     = !strcontains(aws_cloudwatch_dashboard.refresh.dashboard_body, "AthenaPartitionRefresh")
    error_message = "there are charts of metrics that nobody writes"
  }
}

run "the_dashboard_shows_metrics_of_ones_own" {
  command = plan
  variables { enable_metrics = true }

  assert {
    condition = toset([
      for m in flatten([for w in jsondecode(aws_cloudwatch_dashboard.refresh.dashboard_body).widgets : [for m in w.properties.metrics : { name = m[1] } if m[0] == "AthenaPartitionRefresh"]]) : m.name
    ]) == toset(["EventToSearchableMs", "Lookups", "MessagesDone", "MessagesParked", "MessagesRetry", "PartitionsAdded", "Statements", "Throttles"])
    error_message = "a metric has no chart, or a chart no metric"
  }
}

run "refused_names" {
  command = plan
  variables {
    prefix         = "acme_"
    account_id     = "1234"
    region         = "eu-west-1a"
    function_name  = "a.b"
    queue_name     = "queue.fifo"
    database_name  = "Acme"
    workgroup_name = "work group"
    results_bucket = "acme.cloudtrail"
  }
  expect_failures = [
    var.prefix, var.account_id, var.region, var.function_name, var.queue_name, var.database_name, var.workgroup_name,
    var.results_bucket,
  ]
}

run "refused_to_be_its_own_dead_letter_queue" {
  command = plan
  variables { dead_letter_queue_name = "acme_streamalert_athena_s3_notifications" }
  expect_failures = [var.dead_letter_queue_name]
}

run "refused_settings" {
  command = plan
  variables {
    data_buckets          = ["acme.data", "acme.data"]
    notify_from           = ["1234", "arn:aws:events:eu-west-1:123456789012:event-bus/default"]
    tables                = ["Alerts"]
    trigger               = "hand"
    catalog               = "hive"
    schedule_expression   = "every day"
    longest_pause_seconds = 0
    reconcile_every       = "daily"
    memory_mb             = 64
    timeout_seconds       = 901
    architecture          = "amd64"
    package_hash          = "abc"
    kms_key_arn           = "arn:aws:kms:eu-west-1:123456789012:alias/mine"
    former_kms_key_arns   = ["arn:aws:kms:eu-west-1:123456789012:alias/mine"]
    alarm_topic_arn       = "arn:aws:sns:eu-west-1:123456789012:alarms.fifo"
    log_retention_days    = 91
  }
  expect_failures = [
    var.data_buckets, var.notify_from, var.tables, var.trigger, var.catalog, var.schedule_expression, var.longest_pause_seconds,
    var.reconcile_every, var.memory_mb, var.timeout_seconds, var.architecture, var.package_hash, var.kms_key_arn,
    var.former_kms_key_arns, var.alarm_topic_arn, var.log_retention_days,
  ]
}

# The function is run under these on the embedded AWS, which enforces them, and
# each of their rights is taken out there: cmd/lambda, TestEveryRightOfTheRoleIsMissed.
run "the_role_is_what_the_function_is_tried_with" {
  command = plan
  variables { kms_key_arn = "arn:aws:kms:eu-west-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab" }

  assert {
    condition = (
      toset([for s in jsondecode(aws_iam_role_policy.function.policy).Statement : jsonencode(s)]) ==
      toset([for s in jsondecode(file("tests/role-athena.json")).Statement : jsonencode(s)])
    )
    error_message = "tests/role-athena.json is not the role's policy, which is ${aws_iam_role_policy.function.policy}"
  }
}

run "the_role_for_the_catalogs_own_api_is_what_the_function_is_tried_with" {
  command = plan
  variables { catalog = "glue" }

  assert {
    condition = (
      toset([for s in jsondecode(aws_iam_role_policy.function.policy).Statement : jsonencode(s)]) ==
      toset([for s in jsondecode(file("tests/role-glue.json")).Statement : jsonencode(s)])
    )
    error_message = "tests/role-glue.json is not the role's policy, which is ${aws_iam_role_policy.function.policy}"
  }
}
