# What starts the function: the schedule or the queue, and what has it compare
# S3 with the catalog. With enabled = false they are all there, and rest.

locals {
  state = var.enabled ? "ENABLED" : "DISABLED"

  rules = merge(
    var.trigger == "schedule" ? {
      schedule = { name = local.schedule_name, expression = var.schedule_expression, input = null, description = "Adds the partitions of what landed" }
    } : {},
    var.reconcile_every == null ? {} : {
      reconcile = { name = local.reconcile_name, expression = var.reconcile_every, input = jsonencode({ athena-refresh = "reconcile" }), description = "Compares S3 with the catalog" }
    },
  )
}

resource "aws_cloudwatch_event_rule" "run" {
  for_each            = local.rules
  name                = each.value.name
  description         = each.value.description
  schedule_expression = each.value.expression
  state               = local.state
  tags                = var.tags
}

resource "aws_cloudwatch_event_target" "run" {
  for_each  = local.rules
  rule      = aws_cloudwatch_event_rule.run[each.key].name
  target_id = local.alias_name
  arn       = aws_lambda_alias.production.arn
  input     = each.value.input
}

# EventBridge names the rule, which is of this account, and no account: with a
# source_account it could never invoke the function. (EventBridge user guide,
# "Troubleshooting", "My rule ran but my Lambda function wasn't invoked".)
resource "aws_lambda_permission" "run" {
  for_each      = local.rules
  statement_id  = each.key
  action        = "lambda:InvokeFunction"
  function_name = aws_lambda_function.refresh.function_name
  qualifier     = aws_lambda_alias.production.name
  principal     = "events.amazonaws.com"
  source_arn    = aws_cloudwatch_event_rule.run[each.key].arn
}

resource "aws_lambda_event_source_mapping" "queue" {
  count            = var.trigger == "queue" ? 1 : 0
  event_source_arn = aws_sqs_queue.notifications.arn
  function_name    = aws_lambda_alias.production.arn
  enabled          = var.enabled

  # As much as there is, but for a second of waiting; a batch of more than ten
  # needs that much.
  batch_size                         = 1000
  maximum_batching_window_in_seconds = 1
  function_response_types            = ["ReportBatchItemFailures"]

  # Every instance asks the catalog for itself. With DDL they also share the
  # account's 20 statements, so that more than two, the least that Lambda
  # takes, would only wait for each other.
  scaling_config {
    maximum_concurrency = local.athena ? 2 : 10
  }

  tags = var.tags
}
