output "queue_url" {
  description = "Where S3's notifications go."
  value       = aws_sqs_queue.notifications.url
}

output "queue_arn" {
  description = "What a bucket's notification configuration has to name."
  value       = aws_sqs_queue.notifications.arn
}

output "dead_letter_queue_url" {
  value = aws_sqs_queue.dead_letters.url
}

output "dead_letter_queue_arn" {
  value = aws_sqs_queue.dead_letters.arn
}

output "function_arn" {
  description = "The function's ARN, without version or alias."
  value       = aws_lambda_function.refresh.arn
}

output "function_version" {
  description = "The version that was published last; the alias need not point at it."
  value       = aws_lambda_function.refresh.version
}

output "alias_arn" {
  value = aws_lambda_alias.production.arn
}

output "role_name" {
  description = "For rights beyond the configuration, such as on a table that is linked from another account."
  value       = aws_iam_role.function.name
}

output "dashboard_name" {
  value = aws_cloudwatch_dashboard.refresh.dashboard_name
}

output "results_location" {
  value = local.results_location
}

# S3 is let use a key by the key's own policy only. The policy is not ours to
# write: it would replace what others put in it.
output "kms_key_statements" {
  description = "The statements that the policy of kms_key_arn needs, as JSON; null without a key."
  value = var.kms_key_arn == null ? null : jsonencode([{
    Sid       = "S3NotifiesEncryptedQueue"
    Effect    = "Allow"
    Principal = { Service = "s3.amazonaws.com" }
    Action    = ["kms:Decrypt", "kms:GenerateDataKey"]
    Resource  = "*"
    Condition = {
      ArnLike      = { "aws:SourceArn" = local.data_bucket_arns }
      StringEquals = { "aws:SourceAccount" = var.account_id }
    }
  }])
}
