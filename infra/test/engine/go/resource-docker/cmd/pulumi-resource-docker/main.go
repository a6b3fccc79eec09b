// A Docker provider for the tests: the Terraform provider that @pulumi/docker is made from, bridged to Pulumi as
// Pulumi's own plugin bridges it. That plugin is only published as a binary outside any package registry.
package main

import (
	"fmt"

	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfbridge"
	shimv2 "github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfshim/sdk-v2"
	"github.com/terraform-providers/terraform-provider-docker/internal/provider"
)

// version is set by the linker: the engine looks for the plugin of just the version of the npm package.
var version = "dev"

func main() {
	resources := map[string]*tfbridge.ResourceInfo{}
	for terraform, name := range map[string]string{
		"docker_container":      "Container",
		"docker_image":          "RemoteImage",
		"docker_network":        "Network",
		"docker_registry_image": "RegistryImage",
		"docker_tag":            "Tag",
		"docker_volume":         "Volume",
	} {
		resources[terraform] = &tfbridge.ResourceInfo{Tok: tfbridge.MakeResource("docker", "index", name)}
	}
	// Where the npm package does not use the plural that the bridge would make. A property of another name is dropped
	// in silence.
	resources["docker_container"].Fields = map[string]*tfbridge.SchemaInfo{
		"command":           {Name: "command"},
		"networks_advanced": {Name: "networksAdvanced"},
	}
	resources["docker_image"].Fields = map[string]*tfbridge.SchemaInfo{"name": {Name: "name"}}
	// As Pulumi's own has it: a container goes before the next one comes, unless the program says otherwise.
	resources["docker_container"].DeleteBeforeReplace = true

	dataSources := map[string]*tfbridge.DataSourceInfo{}
	for terraform, name := range map[string]string{
		"docker_image":   "getRemoteImage",
		"docker_logs":    "getLogs",
		"docker_network": "getNetwork",
	} {
		dataSources[terraform] = &tfbridge.DataSourceInfo{Tok: tfbridge.MakeDataSource("docker", "index", name)}
	}

	info := tfbridge.ProviderInfo{
		P:           shimv2.NewProvider(provider.New(version)()),
		Name:        "docker",
		Version:     version,
		Resources:   resources,
		DataSources: dataSources,
	}
	// And what has no name gets one that ends in chance.
	info.SetAutonaming(255, "-")
	schema := fmt.Sprintf(`{"name":"docker","version":%q}`, version)
	tfbridge.Main("docker", version, info, []byte(schema))
}
