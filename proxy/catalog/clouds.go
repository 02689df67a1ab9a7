package catalog

import "github.com/posthouse/posthouse/proxy/protocol"

// awsRegion is a region in which Bedrock runs.
func awsRegion(id, en, zh string) Region {
	return Region{
		ID: id, Name: Text{EN: en + " (" + id + ")", ZH: zh + "（" + id + "）"},
		BaseURLs: map[string]string{"bedrock": "https://bedrock-runtime." + id + ".amazonaws.com"},
	}
}

// bedrock is AWS's house of many vendors' models. Its keys are access keys that
// sign, or API keys that are sent. Models are often reached by an inference
// profile, whose name is the model's with a geography before it (us., eu.,
// apac., global.), or by an ARN.
func bedrock() Vendor {
	return Vendor{
		ID:   "bedrock",
		Name: Text{EN: "AWS Bedrock", ZH: "亚马逊 AWS Bedrock"},
		Auth: Auth{Kind: AuthSigV4, Name: "bedrock", Else: &Auth{Kind: AuthBearer}},
		Speaks: []Speaks{{
			Protocol: "bedrock",
			BaseURL:  "https://bedrock-runtime.us-east-1.amazonaws.com",
			// The list of models is at another host, which an admin's base URL
			// (a private endpoint) says nothing about.
			Paths:  map[string]string{"/foundation-models": "-"},
			AtHome: map[string]string{"/foundation-models": "https://bedrock.{region}.amazonaws.com/foundation-models"},
		}},
		Regions: []Region{
			awsRegion("us-east-1", "US East (N. Virginia)", "美国东部（弗吉尼亚北部）"),
			awsRegion("us-east-2", "US East (Ohio)", "美国东部（俄亥俄）"),
			awsRegion("us-west-2", "US West (Oregon)", "美国西部（俄勒冈）"),
			awsRegion("ca-central-1", "Canada (Central)", "加拿大（中部）"),
			awsRegion("sa-east-1", "South America (São Paulo)", "南美洲（圣保罗）"),
			awsRegion("eu-central-1", "Europe (Frankfurt)", "欧洲（法兰克福）"),
			awsRegion("eu-west-1", "Europe (Ireland)", "欧洲（爱尔兰）"),
			awsRegion("eu-west-2", "Europe (London)", "欧洲（伦敦）"),
			awsRegion("eu-west-3", "Europe (Paris)", "欧洲（巴黎）"),
			awsRegion("eu-north-1", "Europe (Stockholm)", "欧洲（斯德哥尔摩）"),
			awsRegion("ap-northeast-1", "Asia Pacific (Tokyo)", "亚太（东京）"),
			awsRegion("ap-northeast-2", "Asia Pacific (Seoul)", "亚太（首尔）"),
			awsRegion("ap-south-1", "Asia Pacific (Mumbai)", "亚太（孟买）"),
			awsRegion("ap-southeast-1", "Asia Pacific (Singapore)", "亚太（新加坡）"),
			awsRegion("ap-southeast-2", "Asia Pacific (Sydney)", "亚太（悉尼）"),
			awsRegion("us-gov-west-1", "AWS GovCloud (US-West)", "AWS GovCloud（美国西部）"),
		},
		Quirks: append([]Quirk{
			{Traits: protocol.Traits{InlinesMedia: true, LowTemperature: true}},
			{Models: []string{"*amazon.nova*"}, Traits: protocol.Traits{NoJSONSchema: true, Thinks: protocol.ThinksNot}},
			{Models: []string{"*amazon.nova-2*"}, Traits: protocol.Traits{Thinks: protocol.ThinksByLevel}},
			{Models: []string{"*amazon.nova-micro*"}, Traits: protocol.Traits{NoImages: true, NoFiles: true}},
			{Models: []string{"*meta.llama*"}, Traits: protocol.Traits{NoToolRequired: true, NoJSONSchema: true, Thinks: protocol.ThinksNot}},
			{Models: []string{"*openai.gpt-oss*"}, Traits: protocol.Traits{NoToolRequired: true, NoImages: true, NoFiles: true, Thinks: protocol.ThinksByEffort}},
			{Models: []string{"*deepseek.r1*"}, Traits: protocol.Traits{NoTools: true, NoToolRequired: true, NoJSONSchema: true, NoImages: true, NoFiles: true, Thinks: protocol.ThinksNot}},
			{Models: []string{"*cohere.*", "*ai21.*"}, Traits: protocol.Traits{NoToolRequired: true, NoJSONSchema: true, NoImages: true, Thinks: protocol.ThinksNot}},
		}, claudeQuirks("bedrock", "*anthropic.")...),
		KeyURL:      "https://console.aws.amazon.com/bedrock/home#/api-keys",
		DocsURL:     "https://docs.aws.amazon.com/bedrock/latest/userguide/",
		KeyPrefixes: []string{"ABSK", "bedrock-api-key-", "AKIA", "ASIA"},
		Models: []Model{
			{Match: "global.anthropic.claude-sonnet-4-5-20250929-v1:0", Reasoning: true, Vision: true, Context: 200000},
			{Match: "us.anthropic.claude-haiku-4-5-20251001-v1:0", Reasoning: true, Vision: true, Context: 200000},
			{Match: "us.amazon.nova-2-lite-v1:0", Reasoning: true, Vision: true},
			{Match: "us.amazon.nova-pro-v1:0", Vision: true, Context: 300000},
			{Match: "openai.gpt-oss-120b-1:0", Lacks: []Need{NeedImages}, Reasoning: true},
			{Match: "amazon.titan-embed-text-v2:0", Kind: "embedding"},
			{Match: "cohere.embed-multilingual-v3", Kind: "embedding"},
			{Match: "*anthropic.claude-*", Reasoning: true, Vision: true},
			{Match: "*anthropic.claude-3*", Vision: true, Context: 200000},
			{Match: "*amazon.nova-*", Vision: true},
			{Match: "*amazon.titan-embed-*", Kind: "embedding"},
			{Match: "*cohere.embed-*", Kind: "embedding"},
			{Match: "*meta.llama*"},
			{Match: "*deepseek.*", Reasoning: true},
			{Match: "openai.gpt-oss*", Lacks: []Need{NeedImages}, Reasoning: true},
			{Match: "*mistral.*"},
			{Match: "*cohere.command-*"},
			{Match: "*ai21.*"},
			{Match: "qwen.*"},
			{Match: "arn:aws:bedrock:*"},
		},
	}
}

// vertexRegion is a place in which Vertex AI runs. Host is that of its API.
func vertexRegion(id, host, en, zh string) Region {
	home := "https://" + host + "/v1/projects/{project}/locations/{region}/publishers/"
	return Region{ID: id, Name: Text{EN: en, ZH: zh}, BaseURLs: map[string]string{"gemini": home + "google", "anthropic": home + "anthropic"}}
}

// predicted are the models on Vertex AI that make vectors by predict; newer ones
// do so by embedContent, one text a request.
func predicted() []string {
	return []string{"gemini-embedding-001", "text-embedding-*", "text-multilingual-embedding-*", "textembedding-gecko*"}
}

// vertex is Google's cloud, which has Gemini and Claude. Its keys are service
// accounts; with an API key (express mode) there is Gemini alone.
func vertex() Vendor {
	global := vertexRegion("global", "aiplatform.googleapis.com", "Global", "全球")
	return Vendor{
		ID:   "vertex",
		Name: Text{EN: "Google Vertex AI", ZH: "谷歌 Vertex AI"},
		Auth: Auth{Kind: AuthGCP, Name: "https://www.googleapis.com/auth/cloud-platform", Else: &Auth{Kind: AuthHeader, Name: "x-goog-api-key"}},
		Speaks: []Speaks{
			{
				Protocol: "gemini",
				BaseURL:  global.BaseURLs["gemini"],
				Except:   append([]string{"claude-*"}, predicted()...),
				Paths:    map[string]string{"/models": "-", "/models/{model}:batchEmbedContents": "-"},
			},
			{Protocol: "vertex", BaseURL: global.BaseURLs["gemini"], Models: predicted()},
			{
				Protocol: "anthropic",
				BaseURL:  global.BaseURLs["anthropic"],
				Models:   []string{"claude-*"},
				Paths: map[string]string{
					"/v1/messages":              "/models/{model}:rawPredict",
					"/v1/messages/count_tokens": "/models/count-tokens:rawPredict",
					"/v1/models":                "-",
				},
				StreamPaths: map[string]string{"/v1/messages": "/models/{model}:streamRawPredict"},
			},
		},
		Regions: []Region{
			global,
			vertexRegion("us", "aiplatform.us.rep.googleapis.com", "United States", "美国"),
			vertexRegion("eu", "aiplatform.eu.rep.googleapis.com", "European Union", "欧盟"),
			vertexRegion("us-central1", "us-central1-aiplatform.googleapis.com", "Iowa (us-central1)", "艾奥瓦（us-central1）"),
			vertexRegion("us-east5", "us-east5-aiplatform.googleapis.com", "Columbus (us-east5)", "哥伦布（us-east5）"),
			vertexRegion("europe-west1", "europe-west1-aiplatform.googleapis.com", "Belgium (europe-west1)", "比利时（europe-west1）"),
			vertexRegion("europe-west4", "europe-west4-aiplatform.googleapis.com", "Netherlands (europe-west4)", "荷兰（europe-west4）"),
			vertexRegion("asia-northeast1", "asia-northeast1-aiplatform.googleapis.com", "Tokyo (asia-northeast1)", "东京（asia-northeast1）"),
			vertexRegion("asia-southeast1", "asia-southeast1-aiplatform.googleapis.com", "Singapore (asia-southeast1)", "新加坡（asia-southeast1）"),
			{
				ID: "express", Name: Text{EN: "Express mode (API key, Gemini only)", ZH: "快速模式（API 密钥，仅 Gemini）"},
				BaseURLs: map[string]string{"gemini": "https://aiplatform.googleapis.com/v1/publishers/google"},
			},
		},
		Fields: []Field{{
			Name:    "project",
			Label:   Text{EN: "Project id (empty: the service account's own)", ZH: "项目 ID（留空则使用服务账号所属项目）"},
			Example: "my-project-123456",
			FromKey: true,
		}},
		// Claude's model is in the URL here, and its version in the body.
		Fixes: []Fix{
			{Do: FixInPath, Field: "model", Models: []string{"claude-*"}},
			{Do: FixInPath, Field: "model", Models: []string{"gemini-embedding-*"}, Ops: []string{"embeddings"}},
			{Do: FixSet, Field: "anthropic_version", To: `"vertex-2023-10-16"`, Models: []string{"claude-*"}, Ops: []string{"chat", "count"}},
		},
		Quirks: append(append([]Quirk{
			{Protocol: "anthropic", Traits: protocol.Traits{InlinesMedia: true}},
			{Protocol: "vertex", Models: []string{"gemini-embedding-001"}, Traits: protocol.Traits{EmbedBatch: 1}},
		}, geminiQuirks()...), claudeQuirks("anthropic", "")...),
		KeyURL:  "https://console.cloud.google.com/iam-admin/serviceaccounts",
		DocsURL: "https://cloud.google.com/vertex-ai/generative-ai/docs/",
		Models: []Model{
			{Match: "gemini-3.6-flash", Reasoning: true, Vision: true, Context: 1048576},
			{Match: "gemini-2.5-pro", Reasoning: true, Vision: true, Context: 1048576},
			{Match: "gemini-2.5-flash", Reasoning: true, Vision: true, Context: 1048576},
			{Match: "claude-sonnet-5-5", Reasoning: true, Vision: true},
			{Match: "claude-opus-5-5", Reasoning: true, Vision: true},
			{Match: "claude-haiku-4-5@20251001", Reasoning: true, Vision: true, Context: 200000},
			{Match: "gemini-embedding-001", Kind: "embedding"},
			{Match: "text-embedding-005", Kind: "embedding"},
			{Match: "gemini-embedding-*", Kind: "embedding"},
			{Match: "text-embedding-*", Kind: "embedding"},
			{Match: "text-multilingual-embedding-*", Kind: "embedding"},
			{Match: "gemini-2.0-*", Vision: true, Context: 1048576},
			{Match: "gemini-*", Reasoning: true, Vision: true},
			{Match: "claude-*", Reasoning: true, Vision: true},
		},
	}
}
