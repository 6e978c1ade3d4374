# The module by itself, without `athena-refresh lambda deploy`: the buckets'
# notifications, and moving the alias, are then yours to do.

terraform {
  required_version = ">= 1.7"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.80, < 7"
    }
  }
}

provider "aws" {
  region              = "us-east-1"
  allowed_account_ids = ["123456789012"]
}

variable "package_file" {
  description = "The zip with the executable bootstrap and the folder conf."
  type        = string
}

module "athena_refresh" {
  source = "../.."

  prefix     = "example"
  account_id = "123456789012"
  region     = "us-east-1"

  function_name          = "example_streamalert_athena_partition_refresh"
  queue_name             = "example_streamalert_athena_s3_notifications"
  dead_letter_queue_name = "example_streamalert_athena_s3_notifications_dlq"
  database_name          = "example_streamalert"
  workgroup_name         = "example_streamalert"
  results_bucket         = "example.streamalert.athena-results"
  data_buckets           = ["example.streamalerts", "example.cloudtrail"]
  tables                 = ["alerts", "cloudtrail"]

  package_file = var.package_file
  package_hash = filebase64sha256(var.package_file)
}

output "queue_arn" {
  description = "The destination for the buckets' notification configurations."
  value       = module.athena_refresh.queue_arn
}

output "function_version" {
  description = "Where to move the alias: aws lambda update-alias --name production --function-version …"
  value       = module.athena_refresh.function_version
}
