# The static agent, and rollout_agent_image: the table of agents, one per
# architecture, compressed, that `rollout` carries.
file(GLOB agent_main CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/agent/main.c
	${CMAKE_SOURCE_DIR}/src/agent/main/*.c)
set(agents ${ROLLOUT_EXTRA_AGENTS})
set(agent_files)
# llvm-strip, which clang would bring, refuses a static glibc binary.
find_program(GNU_STRIP strip REQUIRED)
if(agent_main)
	add_executable(rollout-agent ${agent_main})
	target_compile_definitions(rollout-agent PRIVATE ROLLOUT_VERSION="${PROJECT_VERSION}")
	target_link_libraries(rollout-agent PRIVATE rollout_agent_agent rollout_agent_flags)
	target_link_options(rollout-agent PRIVATE -static -Wl,--gc-sections)
	if(ROLLOUT_AGENT_IMAGE)
		set(stripped ${CMAKE_BINARY_DIR}/agent/rollout-agent)
		add_custom_command(OUTPUT ${stripped} DEPENDS rollout-agent VERBATIM
			COMMAND ${CMAKE_COMMAND} -E make_directory ${CMAKE_BINARY_DIR}/agent
			COMMAND ${GNU_STRIP} -s -o ${stripped} $<TARGET_FILE:rollout-agent>)
		list(APPEND agents ${CMAKE_SYSTEM_PROCESSOR}=${stripped})
		list(APPEND agent_files ${stripped})
	endif()
endif()

# A build tool: runs on the machine that builds.
add_executable(agent-embed EXCLUDE_FROM_ALL src/agent/embed/embed.c)
target_link_libraries(agent-embed PRIVATE rollout_base PkgConfig::ZLIB rollout_flags)

set(image ${CMAKE_BINARY_DIR}/agent/image)
add_custom_command(OUTPUT ${image}.c ${image}.S VERBATIM
	DEPENDS agent-embed ${agent_files}
	COMMAND ${CMAKE_COMMAND} -E make_directory ${CMAKE_BINARY_DIR}/agent
	COMMAND agent-embed ${image} ${agents})
add_library(rollout_agent_image STATIC EXCLUDE_FROM_ALL src/agent/embed/image.c ${image}.c ${image}.S)
target_link_libraries(rollout_agent_image PUBLIC rollout_flags)
