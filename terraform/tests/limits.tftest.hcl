# `terraform test`: what a site has, and what AWS takes: 10,240 characters of a role's policies, and
# 8,192 bytes of a queue's.

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

run "one_bucket" {
  command = plan
  variables {
    data_buckets = ["acme.streamalerts"]
    tables       = ["alerts"]
  }

  assert {
    condition     = length(output.widened) == 0
    error_message = "one bucket and one table are too many"
  }
}

run "forty_buckets" {
  command = plan
  variables {
    data_buckets = [for i in range(40) : format("acme-logs-of-%012d", i)]
    tables       = [for i in range(20) : format("logs_of_source_%02d", i)]
    notify_from  = [for i in range(10) : format("%012d", i)]
  }

  assert {
    condition     = length(output.widened) == 0
    error_message = "forty buckets and tables are too many: ${join("; ", output.widened)}"
  }
  assert {
    condition     = length(aws_iam_role_policy.function.policy) <= 10240 && length(aws_sqs_queue.notifications.policy) <= 8192
    error_message = "a policy is too long"
  }
}

run "tables_get_wider_first" {
  command         = plan
  expect_failures = [check.as_narrow_as_the_configuration]
  variables { tables = flatten([for i in range(1000) : ["logs_of_source_${i}", "alerts_of_source_${i}"]]) }

  assert {
    condition     = length(output.widened) == 1 && startswith(output.widened[0], "tables: the names of 2000 tables")
    error_message = "what got wider is not said, or buckets did"
  }
  assert {
    condition = toset(flatten([
      for s in jsondecode(aws_iam_role_policy.function.policy).Statement : s.Resource if contains(s.Action, "glue:BatchCreatePartition")
      ])) == toset([
      "arn:aws:glue:eu-west-1:123456789012:catalog", "arn:aws:glue:eu-west-1:123456789012:database/acme_streamalert",
      "arn:aws:glue:eu-west-1:123456789012:table/acme_streamalert/*",
    ])
    error_message = "partitions can be added elsewhere than in the database"
  }
  assert {
    condition     = length(aws_iam_role_policy.function.policy) <= 10240
    error_message = "the role's policy is too long"
  }
}

run "then_buckets_and_the_queues_sources" {
  command         = plan
  expect_failures = [check.as_narrow_as_the_configuration]
  variables {
    data_buckets = concat(["other.logs"], [for i in range(299) : "acme-logs-${i % 2 == 0 ? "app" : "net"}-of-account-${100000000000 + i}"])
    tables       = flatten([for i in range(1000) : ["logs_of_source_${i}", "alerts_of_source_${i}"]])
  }

  assert {
    condition     = [for w in output.widened : split(":", w)[0]] == ["tables", "buckets", "queue"]
    error_message = "what got wider is not said in this order"
  }
  assert {
    condition = [
      for s in jsondecode(aws_iam_role_policy.function.policy).Statement : s.Resource if s.Sid == "List"
      ][0] == [
      for r in [for s in jsondecode(aws_iam_role_policy.function.policy).Statement : s.Resource if s.Sid == "List"][0] : r
      if r == "arn:aws:s3:::other.logs" || (startswith(r, "arn:aws:s3:::acme-logs-") && endswith(r, "*"))
    ]
    error_message = "a bucket can be listed that has no beginning in common with those of the configuration"
  }
  assert {
    condition     = length(aws_iam_role_policy.function.policy) <= 10240 && length(aws_sqs_queue.notifications.policy) <= 8192
    error_message = "a policy is too long"
  }
  assert {
    condition     = [for s in jsondecode(aws_sqs_queue.notifications.policy).Statement : s.Condition if s.Sid == "S3Notifies"][0] == { StringEquals = { "aws:SourceAccount" = ["123456789012"] } }
    error_message = "S3 may send for other accounts, or not for this one"
  }
}

run "buckets_that_have_nothing_in_common" {
  command         = plan
  expect_failures = [check.as_narrow_as_the_configuration]
  variables {
    data_buckets = [for i in range(300) : "${substr(sha256("${i}"), 0, 40)}-logs"]
    tables       = null
  }

  assert {
    condition     = length(aws_iam_role_policy.function.policy) <= 10240
    error_message = "the role's policy is too long"
  }
}

run "refused_what_fits_in_no_width" {
  command = plan
  variables {
    notify_from         = [for i in range(300) : "arn:aws:sns:eu-west-1:123456789012:topic-${i}"]
    former_kms_key_arns = [for i in range(150) : format("arn:aws:kms:eu-west-1:123456789012:key/%08d-12ab-34cd-56ef-1234567890ab", i)]
  }
  expect_failures = [aws_sqs_queue.notifications, aws_iam_role_policy.function, check.as_narrow_as_the_configuration]
}

