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

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "S3Notifies"
        Effect    = "Allow"
        Principal = { Service = "s3.amazonaws.com" }
        Action    = "sqs:SendMessage"
        Resource  = local.queue_arn
        Condition = {
          ArnLike      = { "aws:SourceArn" = local.data_bucket_arns }
          StringEquals = { "aws:SourceAccount" = var.account_id }
        }
      },
      local.only_tls.queue,
    ]
  })

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
