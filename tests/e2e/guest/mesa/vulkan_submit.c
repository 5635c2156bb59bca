// vulkan_submit: a transfer and a compute dispatch by Vulkan, each completing its fence in time.
// What shaders and 3D commands would have written is not looked at, for the device completes them
// without doing them; what commands write by themselves is: events and timestamps.
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <vulkan/vulkan.h>

#include "fill_spirv.h"

enum { kBytes = 65536, kLimitSeconds = 30 };

static VkDevice device;
static VkQueue queue;
static VkPhysicalDevice gpu;
static VkCommandPool pool;
static VkEvent event;
static VkQueryPool timestamps;

static void Verdict(const char* name, bool good, const char* format, ...) {
  va_list arguments;
  va_start(arguments, format);
  printf("GVT-CHECK %s %s ", name, good ? "ok" : "FAIL");
  vprintf(format, arguments);
  printf("\n");
  va_end(arguments);
  if (!good) exit(1);
}

static void Must(VkResult result, const char* what) {
  if (result != VK_SUCCESS) Verdict("vulkan_device", false, "%s: %d", what, result);
}

static void FindGpu(VkInstance instance, VkPhysicalDeviceProperties* properties) {
  VkPhysicalDevice found[4];
  uint32_t count = 4;
  vkEnumeratePhysicalDevices(instance, &count, found);
  for (uint32_t i = 0; i < count; ++i) {
    vkGetPhysicalDeviceProperties(found[i], properties);
    if (properties->vendorID == 0x8086) {
      gpu = found[i];
      return;
    }
  }
  Verdict("vulkan_device", false, "no Intel device among %u", count);
}

static void OpenDevice(void) {
  const VkApplicationInfo application = {.sType = VK_STRUCTURE_TYPE_APPLICATION_INFO,
                                         .apiVersion = VK_API_VERSION_1_1};
  const VkInstanceCreateInfo instance_info = {.sType = VK_STRUCTURE_TYPE_INSTANCE_CREATE_INFO,
                                              .pApplicationInfo = &application};
  VkInstance instance;
  VkPhysicalDeviceProperties properties;
  Must(vkCreateInstance(&instance_info, NULL, &instance), "vkCreateInstance");
  FindGpu(instance, &properties);
  const float priority = 1;
  const VkDeviceQueueCreateInfo queue_info = {.sType = VK_STRUCTURE_TYPE_DEVICE_QUEUE_CREATE_INFO,
                                              .queueCount = 1,
                                              .pQueuePriorities = &priority};
  const VkDeviceCreateInfo device_info = {.sType = VK_STRUCTURE_TYPE_DEVICE_CREATE_INFO,
                                          .queueCreateInfoCount = 1,
                                          .pQueueCreateInfos = &queue_info};
  Must(vkCreateDevice(gpu, &device_info, NULL, &device), "vkCreateDevice");
  vkGetDeviceQueue(device, 0, 0, &queue);
  const VkCommandPoolCreateInfo pool_info = {.sType = VK_STRUCTURE_TYPE_COMMAND_POOL_CREATE_INFO};
  Must(vkCreateCommandPool(device, &pool_info, NULL, &pool), "vkCreateCommandPool");
  const VkEventCreateInfo event_info = {.sType = VK_STRUCTURE_TYPE_EVENT_CREATE_INFO};
  Must(vkCreateEvent(device, &event_info, NULL, &event), "vkCreateEvent");
  const VkQueryPoolCreateInfo query_info = {.sType = VK_STRUCTURE_TYPE_QUERY_POOL_CREATE_INFO,
                                            .queryType = VK_QUERY_TYPE_TIMESTAMP,
                                            .queryCount = 2};
  Must(vkCreateQueryPool(device, &query_info, NULL, &timestamps), "vkCreateQueryPool");
  Verdict("vulkan_device", true, "%s", properties.deviceName);
}

static uint32_t VisibleMemory(uint32_t allowed) {
  const VkMemoryPropertyFlags wanted =
      VK_MEMORY_PROPERTY_HOST_VISIBLE_BIT | VK_MEMORY_PROPERTY_HOST_COHERENT_BIT;
  VkPhysicalDeviceMemoryProperties memory;
  vkGetPhysicalDeviceMemoryProperties(gpu, &memory);
  for (uint32_t i = 0; i < memory.memoryTypeCount; ++i) {
    if ((allowed >> i & 1) != 0 && (memory.memoryTypes[i].propertyFlags & wanted) == wanted)
      return i;
  }
  Verdict("vulkan_device", false, "no memory that the CPU sees");
  return 0;
}

static VkBuffer MakeBuffer(void) {
  const VkBufferCreateInfo info = {.sType = VK_STRUCTURE_TYPE_BUFFER_CREATE_INFO,
                                   .size = kBytes,
                                   .usage = VK_BUFFER_USAGE_TRANSFER_SRC_BIT |
                                            VK_BUFFER_USAGE_TRANSFER_DST_BIT |
                                            VK_BUFFER_USAGE_STORAGE_BUFFER_BIT};
  VkBuffer buffer;
  VkMemoryRequirements needs;
  VkDeviceMemory memory;
  Must(vkCreateBuffer(device, &info, NULL, &buffer), "vkCreateBuffer");
  vkGetBufferMemoryRequirements(device, buffer, &needs);
  const VkMemoryAllocateInfo allocation = {.sType = VK_STRUCTURE_TYPE_MEMORY_ALLOCATE_INFO,
                                           .allocationSize = needs.size,
                                           .memoryTypeIndex = VisibleMemory(needs.memoryTypeBits)};
  Must(vkAllocateMemory(device, &allocation, NULL, &memory), "vkAllocateMemory");
  Must(vkBindBufferMemory(device, buffer, memory, 0), "vkBindBufferMemory");
  return buffer;
}

// A command buffer in which everything recorded until Run() lies between two timestamps.
static VkCommandBuffer Begin(void) {
  const VkCommandBufferAllocateInfo allocation = {
      .sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_ALLOCATE_INFO,
      .commandPool = pool,
      .level = VK_COMMAND_BUFFER_LEVEL_PRIMARY,
      .commandBufferCount = 1};
  const VkCommandBufferBeginInfo begin = {.sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_BEGIN_INFO};
  VkCommandBuffer commands;
  Must(vkAllocateCommandBuffers(device, &allocation, &commands), "vkAllocateCommandBuffers");
  Must(vkBeginCommandBuffer(commands, &begin), "vkBeginCommandBuffer");
  vkCmdResetQueryPool(commands, timestamps, 0, 2);
  vkCmdWriteTimestamp(commands, VK_PIPELINE_STAGE_TOP_OF_PIPE_BIT, timestamps, 0);
  return commands;
}

static void Run(const char* name, VkCommandBuffer commands) {
  const VkFenceCreateInfo fence_info = {.sType = VK_STRUCTURE_TYPE_FENCE_CREATE_INFO};
  const VkSubmitInfo submit = {.sType = VK_STRUCTURE_TYPE_SUBMIT_INFO,
                               .commandBufferCount = 1,
                               .pCommandBuffers = &commands};
  VkFence fence;
  uint64_t ticks[2] = {0};
  vkCmdWriteTimestamp(commands, VK_PIPELINE_STAGE_BOTTOM_OF_PIPE_BIT, timestamps, 1);
  vkCmdSetEvent(commands, event, VK_PIPELINE_STAGE_ALL_COMMANDS_BIT);
  Must(vkEndCommandBuffer(commands), "vkEndCommandBuffer");
  Must(vkCreateFence(device, &fence_info, NULL, &fence), "vkCreateFence");
  Must(vkResetEvent(device, event), "vkResetEvent");
  Must(vkQueueSubmit(queue, 1, &submit, fence), "vkQueueSubmit");
  const VkResult waited =
      vkWaitForFences(device, 1, &fence, VK_TRUE, kLimitSeconds * UINT64_C(1000000000));
  const VkResult status = vkGetEventStatus(device, event);
  const VkResult queried = vkGetQueryPoolResults(device, timestamps, 0, 2, sizeof(ticks), ticks,
                                                 sizeof(ticks[0]), VK_QUERY_RESULT_64_BIT);
  const bool good = waited == VK_SUCCESS && status == VK_EVENT_SET && queried == VK_SUCCESS &&
                    ticks[1] > ticks[0];
  Verdict(name, good, "fence %d, event %d, %llu ticks", waited, status,
          (unsigned long long)(ticks[1] - ticks[0]));
}

static void Transfer(VkBuffer from, VkBuffer to) {
  const VkBufferCopy whole = {.size = kBytes};
  VkCommandBuffer commands = Begin();
  vkCmdFillBuffer(commands, from, 0, kBytes, 0x5eed);
  vkCmdCopyBuffer(commands, from, to, 1, &whole);
  Run("vulkan_transfer", commands);
}

static void Compute(VkBuffer buffer) {
  const VkDescriptorSetLayoutBinding binding = {.descriptorType = VK_DESCRIPTOR_TYPE_STORAGE_BUFFER,
                                                .descriptorCount = 1,
                                                .stageFlags = VK_SHADER_STAGE_COMPUTE_BIT};
  const VkDescriptorSetLayoutCreateInfo set_info = {
      .sType = VK_STRUCTURE_TYPE_DESCRIPTOR_SET_LAYOUT_CREATE_INFO,
      .bindingCount = 1,
      .pBindings = &binding};
  VkDescriptorSetLayout set_layout;
  Must(vkCreateDescriptorSetLayout(device, &set_info, NULL, &set_layout),
       "vkCreateDescriptorSetLayout");
  const VkPipelineLayoutCreateInfo layout_info = {
      .sType = VK_STRUCTURE_TYPE_PIPELINE_LAYOUT_CREATE_INFO,
      .setLayoutCount = 1,
      .pSetLayouts = &set_layout};
  VkPipelineLayout layout;
  Must(vkCreatePipelineLayout(device, &layout_info, NULL, &layout), "vkCreatePipelineLayout");

  const VkDescriptorPoolSize pool_size = {.type = VK_DESCRIPTOR_TYPE_STORAGE_BUFFER,
                                          .descriptorCount = 1};
  const VkDescriptorPoolCreateInfo set_pool_info = {
      .sType = VK_STRUCTURE_TYPE_DESCRIPTOR_POOL_CREATE_INFO,
      .maxSets = 1,
      .poolSizeCount = 1,
      .pPoolSizes = &pool_size};
  VkDescriptorPool set_pool;
  Must(vkCreateDescriptorPool(device, &set_pool_info, NULL, &set_pool), "vkCreateDescriptorPool");
  const VkDescriptorSetAllocateInfo set_allocation = {
      .sType = VK_STRUCTURE_TYPE_DESCRIPTOR_SET_ALLOCATE_INFO,
      .descriptorPool = set_pool,
      .descriptorSetCount = 1,
      .pSetLayouts = &set_layout};
  VkDescriptorSet set;
  Must(vkAllocateDescriptorSets(device, &set_allocation, &set), "vkAllocateDescriptorSets");
  const VkDescriptorBufferInfo whole = {.buffer = buffer, .range = kBytes};
  const VkWriteDescriptorSet write = {.sType = VK_STRUCTURE_TYPE_WRITE_DESCRIPTOR_SET,
                                      .dstSet = set,
                                      .descriptorCount = 1,
                                      .descriptorType = VK_DESCRIPTOR_TYPE_STORAGE_BUFFER,
                                      .pBufferInfo = &whole};
  vkUpdateDescriptorSets(device, 1, &write, 0, NULL);

  const VkShaderModuleCreateInfo shader_info = {
      .sType = VK_STRUCTURE_TYPE_SHADER_MODULE_CREATE_INFO,
      .codeSize = sizeof(fill_spirv),
      .pCode = fill_spirv};
  VkComputePipelineCreateInfo pipeline_info = {
      .sType = VK_STRUCTURE_TYPE_COMPUTE_PIPELINE_CREATE_INFO,
      .stage = {.sType = VK_STRUCTURE_TYPE_PIPELINE_SHADER_STAGE_CREATE_INFO,
                .stage = VK_SHADER_STAGE_COMPUTE_BIT,
                .pName = "main"},
      .layout = layout};
  VkPipeline pipeline;
  Must(vkCreateShaderModule(device, &shader_info, NULL, &pipeline_info.stage.module),
       "vkCreateShaderModule");
  Must(vkCreateComputePipelines(device, VK_NULL_HANDLE, 1, &pipeline_info, NULL, &pipeline),
       "vkCreateComputePipelines");

  VkCommandBuffer commands = Begin();
  vkCmdBindPipeline(commands, VK_PIPELINE_BIND_POINT_COMPUTE, pipeline);
  vkCmdBindDescriptorSets(commands, VK_PIPELINE_BIND_POINT_COMPUTE, layout, 0, 1, &set, 0, NULL);
  vkCmdDispatch(commands, kBytes / 4 / 64, 1, 1);
  Run("vulkan_compute", commands);
}

int main(void) {
  setvbuf(stdout, NULL, _IOLBF, 0);
  OpenDevice();
  VkBuffer from = MakeBuffer();
  VkBuffer to = MakeBuffer();
  Transfer(from, to);
  Compute(to);
  return 0;
}
