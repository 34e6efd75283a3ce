# rollout_layer(NAME [AGENT] [USES layer…] [LINKS library…] [ARCHIVES name…])
#
# rollout_NAME from src/NAME/**.c, with the public headers of
# include/rollout/NAME. AGENT adds rollout_NAME_agent, the same sources as the
# static agent has them; ARCHIVES are its libraries by name, so that -static
# finds the .a files. A layer without sources yet is an INTERFACE library.
set(CMAKE_VERIFY_INTERFACE_HEADER_SETS ON)

function(rollout_layer name)
	cmake_parse_arguments(L "AGENT" "" "USES;LINKS;ARCHIVES" ${ARGN})
	file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/${name}/*.c)
	# Programs and build tools are not part of the layer.
	list(FILTER sources EXCLUDE REGEX "/src/agent/(main|embed)/|/src/(agent|cli)/main\\.c$")
	rollout_layer_library(rollout_${name} "${sources}" rollout_flags)
	list(TRANSFORM L_USES PREPEND rollout_ OUTPUT_VARIABLE uses)
	target_link_libraries(rollout_${name} ${scope} ${uses} ${L_LINKS})

	file(GLOB headers CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/include/rollout/${name}/*.h)
	target_sources(rollout_${name} ${header_scope} FILE_SET HEADERS
		BASE_DIRS ${CMAKE_SOURCE_DIR}/include FILES ${headers})

	if(L_AGENT)
		rollout_layer_library(rollout_${name}_agent "${sources}" rollout_agent_flags)
		list(TRANSFORM uses APPEND _agent)
		target_link_libraries(rollout_${name}_agent ${scope} ${uses} ${L_ARCHIVES})
		set_target_properties(rollout_${name}_agent PROPERTIES EXCLUDE_FROM_ALL ON)
	endif()
endfunction()

# Sets scope (for links) and header_scope in the caller.
function(rollout_layer_library target sources flags)
	if(sources)
		add_library(${target} STATIC ${sources})
		set(scope PUBLIC)
	else()
		add_library(${target} INTERFACE)
		set(scope INTERFACE)
	endif()
	target_link_libraries(${target} ${scope} ${flags})
	set(scope ${scope} PARENT_SCOPE)
	set(header_scope ${scope} PARENT_SCOPE)
endfunction()
