output "queue_url" {
  description = "Where S3's notifications go."
  value       = aws_sqs_queue.notifications.url
}

output "queue_arn" {
  description = "What a bucket's notification configuration has to name."
  value       = aws_sqs_queue.notifications.arn
}

output "dead_letter_queue_url" {
  description = "Where what can't be placed is parked."
  value       = aws_sqs_queue.dead_letters.url
}

output "dead_letter_queue_arn" {
  description = "The ARN of the queue for what can't be placed."
  value       = aws_sqs_queue.dead_letters.arn
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
  description = "What the triggers call, and whoever else invokes the function should."
  value       = aws_lambda_alias.production.arn
}

output "role_name" {
  description = "For rights beyond the configuration, such as on a table that is linked from another account."
  value       = aws_iam_role.function.name
}

output "dashboard_name" {
  description = "The dashboard in CloudWatch."
  value       = aws_cloudwatch_dashboard.refresh.dashboard_name
}

output "results_location" {
  description = "Where Athena's results go."
  value       = local.results_location
}

output "widened" {
  description = "What the policies allow beyond the names of the configuration, as AWS's limits leave no room for all of them."
  value       = local.widened
}

# A service is let use a key by the key's own policy only. The policy is not ours
# to write: it would replace what others put in it. It is without conditions, as
# AWS has it: that S3, SNS and EventBridge tell KMS on whose behalf they ask is
# not documented. (S3 user guide, "Granting permissions to publish event
# notification messages", "AWS KMS key policy"; SQS developer guide, "Configure
# KMS permissions for AWS services".)
output "kms_key_statements" {
  description = "The statements that the policy of kms_key_arn needs, as JSON; null without a key."
  value = var.kms_key_arn == null ? null : jsonencode([{
    Sid    = "NotifiesEncryptedQueue"
    Effect = "Allow"
    Principal = { Service = concat(
      ["s3.amazonaws.com"],
      length(local.topics_notify) == 0 ? [] : ["sns.amazonaws.com"],
      length(local.rules_notify) == 0 ? [] : ["events.amazonaws.com"],
    ) }
    Action   = ["kms:Decrypt", "kms:GenerateDataKey"]
    Resource = "*"
  }])
}
