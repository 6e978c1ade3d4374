# The function, its versions, and the alias that everything calls it by.

resource "aws_cloudwatch_log_group" "function" {
  name              = "/aws/lambda/${var.function_name}"
  retention_in_days = var.log_retention_days
  tags              = var.tags
}

resource "aws_lambda_function" "refresh" {
  function_name    = var.function_name
  description      = "Adds Athena's partitions for what lands in S3"
  role             = aws_iam_role.function.arn
  runtime          = "provided.al2023"
  handler          = "bootstrap"
  architectures    = [var.architecture]
  filename         = var.package_file
  source_code_hash = var.package_hash
  memory_size      = var.memory_mb
  timeout          = var.timeout_seconds
  publish          = true
  tags             = var.tags

  # The first invocation finds its rights and its log, which otherwise Lambda
  # makes, to be kept for ever.
  depends_on = [aws_iam_role_policy.function, aws_cloudwatch_log_group.function]
}

# Made at the first version, and moved by `lambda deploy` once the new version
# has answered, and by `lambda rollback`. Terraform leaves it where it is: else
# the next apply, for whatever reason, would undo a rollback.
resource "aws_lambda_alias" "production" {
  name             = local.alias_name
  description      = "The version in use"
  function_name    = aws_lambda_function.refresh.function_name
  function_version = aws_lambda_function.refresh.version

  lifecycle {
    ignore_changes = [description, function_version, routing_config]
  }
}

# An asynchronous invocation that failed is not repeated: what it should have
# done is in the queue still, and the schedule comes again.
resource "aws_lambda_function_event_invoke_config" "production" {
  function_name                = aws_lambda_function.refresh.function_name
  qualifier                    = aws_lambda_alias.production.name
  maximum_retry_attempts       = 0
  maximum_event_age_in_seconds = 3600
}
