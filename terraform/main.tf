# What the files share: names. What is made is in queue.tf, function.tf, role.tf,
# triggers.tf, athena.tf, alarms.tf and dashboard.tf.
#
# ARNs are made of names and not read from resources. So a policy is known when
# the plan is shown, a queue gets its policy with its creation, and nothing has
# to wait for anything but what AWS itself wants to see first.

data "aws_partition" "current" {}

locals {
  partition = data.aws_partition.current.partition
  here      = "${var.region}:${var.account_id}"

  queue_arn             = "arn:${local.partition}:sqs:${local.here}:${var.queue_name}"
  dead_letter_queue_arn = "arn:${local.partition}:sqs:${local.here}:${var.dead_letter_queue_name}"
  function_arn          = "arn:${local.partition}:lambda:${local.here}:function:${var.function_name}"
  results_bucket_arn    = "arn:${local.partition}:s3:::${var.results_bucket}"
  bucket_arn            = "arn:${local.partition}:s3:::"
  data_bucket_arns      = [for b in var.data_buckets : "${local.bucket_arn}${b}"]

  alias_name = "production"

  # Where the function asks for its results to go, and where the work group
  # puts everyone's.
  results_folder   = "athena-partition-refresh/"
  results_location = "s3://${var.results_bucket}/${local.results_folder}"

  # A name is 64 characters at most, and the prefix up to 27 of them.
  schedule_name  = "${var.prefix}_streamalert_athena_refresh_schedule"
  reconcile_name = "${var.prefix}_streamalert_athena_refresh_reconcile"
}
