# The queue that S3 notifies, and the one for what can't be placed.

locals {
  fourteen_days = 14 * 24 * 60 * 60

  # Lambda wants six times the timeout, so that a message is not handed out
  # again while the function may still be busy with it.
  visibility_seconds = 6 * var.timeout_seconds

  only_tls = {
    for name, arn in { queue = local.queue_arn, dead_letters = local.dead_letter_queue_arn } : name => {
      Sid                    = "OnlyTLS"
      Effect                 = "Deny"
      Principal              = "*"
      Action                 = "sqs:*"
      Resource               = arn
      Condition              = { Bool = { "aws:SecureTransport" = "false" } }
    }
  }
}

# Who may send, and on whose behalf. Each condition is on a key that the service
# is documented to send: a test of internal/doctor holds them against the list
# there. EventBridge and SNS name the rule and the topic, and not the account.
# (SQS developer guide, "Access management"; EventBridge user guide, "Using
# resource-based policies"; SNS developer guide, "Subscribing an Amazon SQS queue".)
locals {
  bucket_accounts = concat([var.account_id], [for f in var.notify_from : f if can(regex("^[0-9]{12}$", f)) && f != var.account_id])
  topics_notify   = [for f in var.notify_from : f if can(regex("^arn:[^:]+:sns:", f))]
  rules_notify    = [for f in var.notify_from : f if can(regex("^arn:[^:]+:events:", f))]

  # The narrowest first (limits.tf).
  bucket_conditions = [{ ArnLike = { "aws:SourceArn" = local.data_bucket_arns } }, {}]
  queue_policies = [
    for buckets in local.bucket_conditions : jsonencode({
      Version = "2012-10-17"
      Statement = concat(
        [
          {
            Sid       = "S3Notifies"
            Effect    = "Allow"
            Principal = { Service = "s3.amazonaws.com" }
            Action    = "sqs:SendMessage"
            Resource  = local.queue_arn
            Condition = merge(buckets, { StringEquals = { "aws:SourceAccount" = local.bucket_accounts } })
          },
        ],
        length(local.topics_notify) == 0 ? [] : [
          {
            Sid       = "TopicsNotify"
            Effect    = "Allow"
            Principal = { Service = "sns.amazonaws.com" }
            Action    = "sqs:SendMessage"
            Resource  = local.queue_arn
            Condition = { ArnEquals = { "aws:SourceArn" = local.topics_notify } }
          },
        ],
        length(local.rules_notify) == 0 ? [] : [
          {
            Sid       = "RulesNotify"
            Effect    = "Allow"
            Principal = { Service = "events.amazonaws.com" }
            Action    = "sqs:SendMessage"
            Resource  = local.queue_arn
            Condition = { ArnEquals = { "aws:SourceArn" = local.rules_notify } }
          },
        ],
        [local.only_tls.queue],
      )
    })
  ]
}

resource "aws_sqs_queue" "notifications" {
  name                       = var.queue_name
  visibility_timeout_seconds = local.visibility_seconds
  message_retention_seconds  = local.fourteen_days

  # Retries are spent by age and not by count; this is for what kills the
  # process again and again.
  redrive_policy = jsonencode({
    deadLetterTargetArn = aws_sqs_queue.dead_letters.arn
    maxReceiveCount     = 100
  })

  sqs_managed_sse_enabled = var.kms_key_arn == null ? true : null
  kms_master_key_id       = var.kms_key_arn

  policy = local.queue_policy

  lifecycle {
    precondition {
      condition     = length(local.queue_fits) > 0
      error_message = "SQS takes a policy of ${local.queue_limit} bytes, and that of the queue would have ${length(local.queue_policy)}: notify_from names too many. A topic or a rule may pass on what many send."
    }
  }

  tags = var.tags
}

resource "aws_sqs_queue" "dead_letters" {
  name                      = var.dead_letter_queue_name
  message_retention_seconds = local.fourteen_days

  redrive_allow_policy = jsonencode({
    redrivePermission = "byQueue"
    sourceQueueArns   = [local.queue_arn]
  })

  sqs_managed_sse_enabled = var.kms_key_arn == null ? true : null
  kms_master_key_id       = var.kms_key_arn

  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [local.only_tls.dead_letters]
  })

  tags = var.tags
}
