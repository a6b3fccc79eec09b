// A module of its own: joined with the CLI's it does not compile. It is named as if it lay within the provider's
// repository, so that Go lets it import the provider's internal packages.
module github.com/terraform-providers/terraform-provider-docker/bridge

go 1.26

require (
	github.com/pulumi/pulumi-terraform-bridge/v3 v3.127.0
	github.com/pulumi/pulumi/pkg/v3 v3.231.0
	github.com/pulumi/pulumi/sdk/v3 v3.231.0
	github.com/terraform-providers/terraform-provider-docker v0.0.0
)

replace (
	// The provider that @pulumi/docker bridges, at the commit of its version 5.2.0.
	github.com/terraform-providers/terraform-provider-docker => github.com/kreuzwerker/terraform-provider-docker v0.0.0-20260916201441-96d331c98ff4
	// The bridge works with Pulumi's fork of the plugin SDK only.
	github.com/hashicorp/terraform-plugin-sdk/v2 => github.com/pulumi/terraform-plugin-sdk/v2 v2.0.0-20260318212141-5525259d096b
)
